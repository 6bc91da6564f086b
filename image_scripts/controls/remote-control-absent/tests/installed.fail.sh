. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package inetutils-telnetd /usr/sbin/telnetd
