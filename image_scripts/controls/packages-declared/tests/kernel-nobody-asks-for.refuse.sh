# HALLMARK_PHASE=drift
# A kernel's name alone lets no package in.
. "$HALLMARK_SCRIPTS/scenario.sh"
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
fake_package linux-image-6.12.99+evil-amd64
