# What a client sees before it has shown a key.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
ssh -F none -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o BatchMode=yes root@here true 2>/tmp/said || true
grep -q 'authorised use only' /tmp/said
