# A default for one user does what NOPASSWD does.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Defaults:jdoe !authenticate' >>/etc/sudoers
