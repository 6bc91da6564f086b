# Who was banned before is banned for as long as this says.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf '[sshd]\nbantime.multipliers = 0\n' >/etc/fail2ban/jail.d/zzz-site.local
