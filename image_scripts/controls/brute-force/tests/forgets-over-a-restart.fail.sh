sh "$HALLMARK_CONTROL/apply.sh"
printf '[DEFAULT]\ndbfile = None\n' >/etc/fail2ban/fail2ban.d/zzz-site.local
