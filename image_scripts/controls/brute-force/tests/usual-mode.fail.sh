sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\nfilter = sshd[mode=normal]\n' >/etc/fail2ban/jail.d/zzz-site.local
