# RSA of 1024 bits from one address.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match Address 10.1.2.3\nRequiredRSASize 1024\n' >>/etc/ssh/sshd_config
