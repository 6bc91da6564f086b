# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_command_line
less=$(sed "s/ slab_nomerge//" /tmp/cmdline)
echo "$less" >/tmp/cmdline
