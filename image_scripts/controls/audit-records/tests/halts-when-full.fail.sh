# A full disk takes the server with it.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^disk_full_action.*/disk_full_action = HALT/' /etc/audit/auditd.conf
