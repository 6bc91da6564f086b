. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package exim4-base /usr/sbin/exim4
