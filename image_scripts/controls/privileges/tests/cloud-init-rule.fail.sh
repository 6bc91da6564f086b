# The rule that cloud-init writes for its default user.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'jdoe ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-cloud-init-users
chmod 0440 /etc/sudoers.d/90-cloud-init-users
