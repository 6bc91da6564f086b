# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
echo '99 1 0:99 / /tmp/tools rw,relatime shared:99 - tmpfs tmpfs rw' >>/proc/1/mountinfo
