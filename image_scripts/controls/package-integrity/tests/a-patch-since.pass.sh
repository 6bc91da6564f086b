# HALLMARK_PHASE=drift
# A package that came later, or in another version, has a list of its own.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
fake_package sample /usr/bin/sample
