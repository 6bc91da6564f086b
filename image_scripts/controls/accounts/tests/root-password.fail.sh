# Root has a password, behind a lock that one command takes off.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'root:correct horse battery staple' | chpasswd
passwd -q -l root
