# HM_DECLARED=gcc
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package gcc /usr/bin/gcc-14
install -m 755 /bin/true /usr/local/bin/tcc
