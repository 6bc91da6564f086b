# A third place for drop-ins.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /usr/local/lib/systemd/system/audit-rules.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/sbin/auditctl -D\n' >/usr/local/lib/systemd/system/audit-rules.service.d/x.conf
