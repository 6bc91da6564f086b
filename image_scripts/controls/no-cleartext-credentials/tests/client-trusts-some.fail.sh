# Hosts that have a domain, which the host of the question has not.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Host *.*.*\n  StrictHostKeyChecking no\n  ForwardAgent yes\n' >/etc/ssh/ssh_config.d/00-a.conf
