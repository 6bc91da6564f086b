# systemd calls it static, as the package's own.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' >/etc/systemd/system/systemd-sysctl.service
