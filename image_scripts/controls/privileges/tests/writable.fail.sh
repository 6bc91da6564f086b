# The policy is right, and its group may change it.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
chmod 0660 /etc/sudoers
