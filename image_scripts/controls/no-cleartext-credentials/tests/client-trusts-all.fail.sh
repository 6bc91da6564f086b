# The SSH client would take any host for the one it was asked for.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'StrictHostKeyChecking no\nForwardAgent yes\n' >/etc/ssh/ssh_config.d/00-a.conf
