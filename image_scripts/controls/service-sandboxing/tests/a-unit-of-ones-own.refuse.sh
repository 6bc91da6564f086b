sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nExecStart=/usr/lib/systemd/systemd-logind\n' >/etc/systemd/system/systemd-logind.service
