. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package gcc /usr/bin/gcc
