# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
fake_process 700 bash
echo 0::/user.slice/user-1000.slice/session-1.scope >/proc/700/cgroup
echo '99 1 0:99 / /tmp rw,nosuid,nodev - tmpfs tmpfs rw' >>/proc/700/mountinfo
