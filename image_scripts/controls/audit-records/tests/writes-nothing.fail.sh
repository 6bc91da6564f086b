sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^write_logs.*/write_logs = no/' /etc/audit/auditd.conf
