# The settings are right; a file beside Debian's filter takes every line away from it.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Definition]\nignoreregex = .*\n' >/etc/fail2ban/filter.d/sshd.local
