# Others may write who may sign in.
set -eu
useradd -m person
mkdir -m 0700 /home/person/.ssh
: >/home/person/.ssh/authorized_keys
chmod 0664 /home/person/.ssh/authorized_keys
chown -R person: /home/person
