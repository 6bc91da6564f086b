# HM_MEMBERS=guest-of-jdoe
# A real sshd: members come in, an account with the same key that is no member does not.
set -eu
useradd -m jdoe
useradd -m guest-of-jdoe
useradd -m other
sh "$HALLMARK_CONTROL/apply.sh"
usermod -a -G ssh-users guest-of-jdoe
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
for user in jdoe guest-of-jdoe other; do
    mkdir -m 0700 "/home/$user/.ssh"
    cp /tmp/key.pub "/home/$user/.ssh/authorized_keys"
    chown -R "$user:" "/home/$user/.ssh"
done

sign_in() { # USER
    ssh -F none -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes -o IdentitiesOnly=yes -i /tmp/key "$1@here" id -un 2>&1
}

[ "$(sign_in jdoe | tail -n 1)" = jdoe ]
[ "$(sign_in guest-of-jdoe | tail -n 1)" = guest-of-jdoe ]
if sign_in other; then
    exit 1
fi
