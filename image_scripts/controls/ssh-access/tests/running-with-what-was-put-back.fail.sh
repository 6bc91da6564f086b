# HALLMARK_PHASE=drift
# As the case before, and whoever put the files back gave them their earlier date.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sshd_before_apply
find /etc/ssh -exec touch -d '1 hour ago' {} +
