# HALLMARK_PHASE=drift
# Nothing says since when the server runs.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sshd_before_apply
rm /run/sshd.pid
