# A passphrase makes it no less of a key.
set -eu
mkdir -p /srv/app
ssh-keygen -q -t ed25519 -N 'some long phrase' -f /srv/app/id
rm /srv/app/id.pub
