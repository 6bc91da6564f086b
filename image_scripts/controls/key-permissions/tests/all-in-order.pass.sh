# Keys as ssh-keygen makes them; a public key may be read by all who may enter the folder.
set -eu
useradd -m person
mkdir -m 0700 /home/person/.ssh
ssh-keygen -q -t ed25519 -N '' -f /home/person/.ssh/id_ed25519
cat /home/person/.ssh/id_ed25519.pub >/home/person/.ssh/authorized_keys
chmod 0600 /home/person/.ssh/authorized_keys
chown -R person: /home/person
