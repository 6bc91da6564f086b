# It is somebody's own group, which the list of members does not show.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -g ssh-users intruder
