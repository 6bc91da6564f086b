sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\nignoreip = 127.0.0.1/8\n  203.0.113.0/24\n' >/etc/fail2ban/jail.d/zzz-site.local
