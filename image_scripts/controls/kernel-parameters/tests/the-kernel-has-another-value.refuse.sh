# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_kernel_parameters
# The files are in order; somebody has set this by hand.
echo 0 >/proc/sys/kernel/yama/ptrace_scope
