# A real sshd: Ed25519, ECDSA and RSA of 3072 bits open, RSA of 2048 bits does not, though its key is authorized.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
echo 'PerSourcePenalties no' >/etc/ssh/sshd_config.d/99-test.conf
useradd -m person
mkdir -m 0700 /home/person/.ssh
for kind in ed25519:256 ecdsa:256 rsa:3072 rsa:2048; do
    ssh-keygen -q -t "${kind%:*}" -b "${kind#*:}" -N '' -f "/tmp/$kind"
    cat "/tmp/$kind.pub" >>/home/person/.ssh/authorized_keys
done
chown -R person: /home/person/.ssh

sign_in() { # KEY
    ssh -F none -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes -o IdentitiesOnly=yes -i "$1" person@here id -un 2>&1
}

for kind in ed25519:256 ecdsa:256 rsa:3072; do
    [ "$(sign_in "/tmp/$kind" | tail -n 1)" = person ]
done
if sign_in /tmp/rsa:2048; then
    exit 1
fi
