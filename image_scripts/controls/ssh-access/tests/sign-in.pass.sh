# A real sshd and a real client, over a pipe: the key opens, nothing else does.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/50-cloud-init.conf
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
useradd -m person
mkdir -m 0700 /home/person/.ssh
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
cp /tmp/key.pub /home/person/.ssh/authorized_keys
chown -R person: /home/person/.ssh
mkdir -p /root/.ssh
cp /tmp/key.pub /root/.ssh/authorized_keys

sign_in() { # USER OPTION...
    user=$1
    shift
    ssh -F none -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes -o IdentitiesOnly=yes "$@" "$user@here" id -un 2>&1
}

[ "$(sign_in person -i /tmp/key | tail -n 1)" = person ]
if sign_in root -i /tmp/key; then exit 1; fi
sign_in person -o PubkeyAuthentication=no | grep -F 'Permission denied (publickey)'
