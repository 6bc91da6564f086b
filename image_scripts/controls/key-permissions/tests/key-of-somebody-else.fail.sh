# The key lies in one home and belongs to another user.
set -eu
useradd -m person
useradd -m other
mkdir -m 0700 /home/person/.ssh
ssh-keygen -q -t ed25519 -N '' -f /home/person/.ssh/id_ed25519
chown -R person: /home/person
chown other: /home/person/.ssh/id_ed25519
