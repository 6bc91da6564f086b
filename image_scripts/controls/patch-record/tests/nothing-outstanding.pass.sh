. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
: >"$HALLMARK_PLAN/lock.tsv"
sh "$HALLMARK_CONTROL/apply.sh"
