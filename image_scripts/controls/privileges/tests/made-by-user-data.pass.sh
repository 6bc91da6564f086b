# HALLMARK_PHASE=drift
# On a live server user data may have made an administrator.
set -eu
useradd -m jdoe
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -G sudo deploy
