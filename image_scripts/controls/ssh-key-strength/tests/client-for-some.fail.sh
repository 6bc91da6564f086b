# Hosts that have a domain, which the host of the question has not.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match host *.*.*\n  RequiredRSASize 1024\n' >/etc/ssh/ssh_config.d/00-a.conf
