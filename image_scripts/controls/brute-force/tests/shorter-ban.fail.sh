sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\nbantime = 1m\n' >/etc/fail2ban/jail.local
printf '[DEFAULT]\nmaxretry = 500\n[sshd]\nmaxretry = 500\n' >/etc/fail2ban/jail.d/zzz-site.local
