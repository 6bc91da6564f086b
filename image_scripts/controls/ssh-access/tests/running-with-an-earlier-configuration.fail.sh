# HALLMARK_PHASE=drift
# The files are right by now, but the server that runs was started with others: a real one, which still takes passwords.
set -eu
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
/usr/sbin/sshd
sleep 1
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
