sh "$HALLMARK_CONTROL/apply.sh"
rm /var/lib/aide/aide.db
