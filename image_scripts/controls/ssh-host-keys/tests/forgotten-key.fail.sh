# One key of a kind that nobody asked for is left.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
