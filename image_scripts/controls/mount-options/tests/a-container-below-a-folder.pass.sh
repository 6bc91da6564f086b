# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
echo '99 1 0:99 / /var/lib/containers/one rw,relatime shared:99 - overlay overlay rw' >>/proc/1/mountinfo
