# Whoever may read the disk is root; here it is somebody's own group.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
useradd -r -g disk snapshots
