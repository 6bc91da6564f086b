# HALLMARK_PHASE=drift
# The files are right by now, but the server that runs was started with others: a real one, which still takes passwords.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sshd_before_apply
