# The ban is noted, and the kernel never hears of it.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Definition]\nactionban = true\n' >/etc/fail2ban/action.d/nftables.local
