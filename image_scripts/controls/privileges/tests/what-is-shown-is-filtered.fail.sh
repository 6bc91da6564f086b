# cvtsudoers has a file of its own, which says what it shows.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'jdoe ALL=(ALL) NOPASSWD: ALL' >>/etc/sudoers
echo 'match = group=sudo' >/etc/cvtsudoers.conf
