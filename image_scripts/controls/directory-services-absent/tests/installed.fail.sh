. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package slapd /usr/sbin/slapd
