# Somebody keeps the configuration of ssh with her other dot files; a link has no permissions of its own.
set -eu
useradd -m person
mkdir -m 0700 /home/person/.ssh /home/person/dotfiles
echo 'Host *' >/home/person/dotfiles/ssh
ln -s ../dotfiles/ssh /home/person/.ssh/config
chown -hR person: /home/person
