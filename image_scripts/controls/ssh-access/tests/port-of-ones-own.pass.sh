# HM_PORT=2022
# A recipe's own port.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sshd -G | grep -qx 'port 2022'
