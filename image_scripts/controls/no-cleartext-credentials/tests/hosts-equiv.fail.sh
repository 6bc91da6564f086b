# Hosts trusted by their name.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo '+' >/etc/hosts.equiv
