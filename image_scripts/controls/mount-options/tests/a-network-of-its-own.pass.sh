# HALLMARK_PHASE=acceptance
# As `ip netns add` leaves it.
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
echo '99 1 0:4 net:[4026532300] /run/netns/blue rw shared:99 - nsfs nsfs rw' >>/proc/1/mountinfo
