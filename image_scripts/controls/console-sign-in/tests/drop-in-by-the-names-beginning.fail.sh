# systemd reads serial-.service.d for serial-getty@ttyS0.service as well.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/serial-.service.d
printf '[Service]\nExecStart=\nExecStart=-/bin/bash\n' >/etc/systemd/system/serial-.service.d/a.conf
