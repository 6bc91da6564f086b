# HALLMARK_PHASE=drift
# Nothing says since when the server runs.
set -eu
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
/usr/sbin/sshd
sleep 1
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
rm /run/sshd.pid
