# HALLMARK_PHASE=acceptance
# On the booted candidate: what the machine has made since it started is its own.
set -eu
ssh-keygen -q -A
echo 'ls' >/root/.bash_history
