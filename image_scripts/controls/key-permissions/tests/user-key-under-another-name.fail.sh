# Somebody's private key, not in .ssh and not called id_*, readable by all.
set -eu
useradd -m person
mkdir /home/person/deploy
ssh-keygen -q -t ed25519 -N '' -f '/home/person/deploy/my key'
chmod 0644 '/home/person/deploy/my key'
chown -R person: /home/person
