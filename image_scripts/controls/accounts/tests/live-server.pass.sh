# HALLMARK_PHASE=drift
# HM_ADMINISTRATORS=jdoe asmith
# On a live server an administrator has a key and a password of her own, and another one has left.
set -eu
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
echo 'asmith:Correct horse 7 battery staple' | chpasswd
mkdir -m 0700 /home/asmith/.ssh
echo 'ssh-ed25519 AAAA asmith' >/home/asmith/.ssh/authorized_keys
userdel -r jdoe 2>/dev/null
