sh "$HALLMARK_CONTROL/apply.sh"
chmod 755 /etc/update-motd.d/10-uname
