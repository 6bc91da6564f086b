sh "$HALLMARK_CONTROL/apply.sh"
systemctl --quiet disable auditd.service
