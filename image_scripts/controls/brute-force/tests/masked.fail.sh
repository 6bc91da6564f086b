sh "$HALLMARK_CONTROL/apply.sh"
ln -sf /dev/null /etc/systemd/system/fail2ban.service
