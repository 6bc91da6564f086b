# sshd adds up what its files name: a later drop-in widens.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'AllowGroups users' >/etc/ssh/sshd_config.d/99-site.conf
