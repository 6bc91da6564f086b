sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\nenabled = false\n' >/etc/fail2ban/jail.d/zzz-site.local
