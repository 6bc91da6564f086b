sh "$HALLMARK_CONTROL/apply.sh"
: >/var/log/wtmp.db
chmod 644 /var/log/wtmp.db
