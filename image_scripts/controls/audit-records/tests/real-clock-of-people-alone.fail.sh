sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/-F a0=0x0/-F a0=0x0 -F auid>=1000/' /etc/audit/rules.d/99-hallmark.rules
