# apply leaves a superseded kernel to the build's own step; until that has run, the check fails.
. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
sh "$HALLMARK_CONTROL/apply.sh"
fake_package linux-image-6.1.0-1-amd64
printf 'linux-image-6.1.0-1-amd64\n' >"$HALLMARK_PLAN/superseded"
