sh "$HALLMARK_CONTROL/apply.sh"
systemctl --quiet disable fail2ban.service
