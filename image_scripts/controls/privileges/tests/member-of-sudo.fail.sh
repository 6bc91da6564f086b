# Somebody else in the group.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
usermod -a -G sudo backup
