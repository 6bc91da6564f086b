. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
: >"$HALLMARK_PLAN/lock.tsv"
