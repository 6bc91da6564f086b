sh "$HALLMARK_CONTROL/apply.sh"
echo bans >/var/lib/fail2ban/fail2ban.sqlite3
