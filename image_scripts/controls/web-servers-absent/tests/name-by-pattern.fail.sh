# Found by a pattern, although none of its programs is on the list.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package nginx-common
