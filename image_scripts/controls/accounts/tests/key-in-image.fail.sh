# A key that would open each server made from the image.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -m 0700 /home/jdoe/.ssh
echo 'ssh-ed25519 AAAA somebody' >/home/jdoe/.ssh/authorized_keys
