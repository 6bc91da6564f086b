# Whoever names his program sshd has others banned.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\njournalmatch = _SYSTEMD_UNIT=ssh.service + _COMM=sshd\n' >/etc/fail2ban/jail.d/zzz-site.local
