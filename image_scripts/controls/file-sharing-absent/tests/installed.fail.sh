. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package samba /usr/sbin/smbd
