# HALLMARK_PHASE=drift
# journald was restarted with other settings, which were then taken back: nothing is written since.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
live_journal 7200
