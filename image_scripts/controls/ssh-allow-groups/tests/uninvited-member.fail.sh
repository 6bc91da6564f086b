# Somebody put a service's account into the group.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
usermod -a -G ssh-users www-data
