sh "$HALLMARK_CONTROL/apply.sh"
chmod 644 /etc/audit/rules.d/99-hallmark.rules
