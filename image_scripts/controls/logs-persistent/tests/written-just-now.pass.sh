# HALLMARK_PHASE=drift
# A live server as it should be.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
live_journal 0
