. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package snmpd /usr/sbin/snmpd
