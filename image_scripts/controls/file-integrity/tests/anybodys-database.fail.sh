sh "$HALLMARK_CONTROL/apply.sh"
chmod 666 /etc/aide/aide.conf
