# HALLMARK_PHASE=drift
# On a live server user data may have made an account: cloud-init's record of them names it.
set -eu
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
useradd -m deploy
