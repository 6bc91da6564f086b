# HM_DENY=2
# A stolen key: guesses at sudo lock the account, and signing in again by SSH leaves it locked; nor can the thief empty
# the count, though pam_faillock gives the file to him.
set -eu
useradd -m -G sudo jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'jdoe:Quiet-7-rivers/Bend' | chpasswd
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
mkdir -m 0700 /home/jdoe/.ssh
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
cp /tmp/key.pub /home/jdoe/.ssh/authorized_keys
chown -R jdoe: /home/jdoe/.ssh
guess() {
    # shellcheck disable=SC2016
    runuser -u jdoe -- sh -c 'echo "$1" | sudo -k -S id -un' guess "$1"
}
sign_in() {
    ssh -F none -i /tmp/key -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o BatchMode=yes jdoe@here "$@"
}
[ "$(guess 'Quiet-7-rivers/Bend')" = root ]
for n in 1 2 3; do
    if guess "wrong $n"; then exit 1; fi
done
faillock --user jdoe | grep -q ' V$'
[ "$(sign_in id -un)" = jdoe ]
# shellcheck disable=SC2016
sign_in 'for f in /var/lib/faillock/jdoe /run/faillock/jdoe /var/run/faillock/jdoe; do : >"$f"; done' || true
if guess 'Quiet-7-rivers/Bend'; then exit 1; fi
faillock --user jdoe --reset
[ "$(guess 'Quiet-7-rivers/Bend')" = root ]
