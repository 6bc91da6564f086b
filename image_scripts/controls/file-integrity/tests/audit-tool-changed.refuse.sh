sh "$HALLMARK_CONTROL/apply.sh"
grep -qF '/usr/sbin/auditctl' /var/lib/aide/aide.db
echo >>/usr/sbin/auditctl
