# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
fake_process 700 node
echo 0::/user.slice/user-1000.slice/session-1.scope >/proc/700/cgroup
ln -sfn /srv /proc/700/root
echo '1 0 0:99 / / rw - overlay overlay rw' >/proc/700/mountinfo
