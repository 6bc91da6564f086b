# Hosts that have a domain, which the host of the question has not.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Host *.*.*\n  Ciphers 3des-cbc\n' >/etc/ssh/ssh_config.d/00-a.conf
