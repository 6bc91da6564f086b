# The port of SSH is banned; sshd listens elsewhere.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\naction = nftables[type=multiport, port=ssh, protocol=tcp]\n' >/etc/fail2ban/jail.d/zzz-site.local
