sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/+sha256//' /etc/aide/aide.conf
sh "$HALLMARK_CONTROL/database.sh"
