# HALLMARK_PHASE=build
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_kernel_parameters
echo core >/proc/sys/kernel/core_pattern
