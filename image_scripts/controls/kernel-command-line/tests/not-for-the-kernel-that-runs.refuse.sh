# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_command_line
echo "-- $(cat /proc/cmdline)" >/tmp/cmdline
