# HALLMARK_PHASE=drift
# An account that neither the recipe nor user data names.
set -eu
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
useradd -m mallory
