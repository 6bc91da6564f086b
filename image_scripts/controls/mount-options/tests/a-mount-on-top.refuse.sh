# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
echo '99 1 0:99 / /dev/shm rw,nosuid,nodev shared:99 - tmpfs tmpfs rw' >>/proc/1/mountinfo
