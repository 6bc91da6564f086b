# HM_UNLOCK_TIME=3600
# Another recipe's parameter.
set -eu
HM_UNLOCK_TIME=60 sh "$HALLMARK_CONTROL/apply.sh"
