#!/bin/sh
# Runs the plan's controls: controls.sh apply|check RESULTS_DIR
#
# Needs HALLMARK_PHASE, HALLMARK_SCRIPTS, HALLMARK_PLAN and, while there are media, HALLMARK_MEDIA.
# Leaves for each control that ran ID.out (what it printed), ID.exit (its exit code) and ID.ms in RESULTS_DIR.
# apply stops at the first control that fails, with exit code 1; check runs all of them: the host judges.
set -eu

# shellcheck disable=SC2153
if [ -z "${HALLMARK_CLEAN-}" ]; then
    exec env -i HALLMARK_CLEAN=1 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        HALLMARK_PHASE="$HALLMARK_PHASE" HALLMARK_SCRIPTS="$HALLMARK_SCRIPTS" HALLMARK_PLAN="$HALLMARK_PLAN" \
        HALLMARK_MEDIA="${HALLMARK_MEDIA-}" HALLMARK_CONSOLE="${HALLMARK_CONSOLE-/dev/console}" \
        HALLMARK_CONTROL_SECONDS="${HALLMARK_CONTROL_SECONDS-600}" ${TMPDIR:+"TMPDIR=$TMPDIR"} \
        ${HALLMARK_SINCE:+"HALLMARK_SINCE=$HALLMARK_SINCE"} \
        /bin/sh "$0" "$@"
fi
unset HALLMARK_CLEAN

. "$HALLMARK_SCRIPTS/lib.sh"

what=$1
results=$2
console=$HALLMARK_CONSOLE
seconds=$HALLMARK_CONTROL_SECONDS
unset HALLMARK_CONTROL_SECONDS HALLMARK_CONSOLE

# uptime in centiseconds, without a process
now() {
    read -r _up _ </proc/uptime
    _now=${_up%.*}${_up#*.}
}

is_waived() {
    while read -r _waived; do
        [ "$_waived" != "$1" ] || return 0
    done <"$HALLMARK_PLAN/waived"
    return 1
}

# apply_control ID: its exit code in $code
apply_control() {
    now
    started=$_now
    code=0
    (
        HALLMARK_CONTROL=$HALLMARK_SCRIPTS/controls/$1
        HALLMARK_TABLE=$HALLMARK_PLAN/table/$1
        export HALLMARK_CONTROL HALLMARK_TABLE
        set -a
        # shellcheck disable=SC1090
        . "$HALLMARK_PLAN/env/$1"
        set +a
        cd /
        exec timeout -k 10 "$seconds" /bin/sh "$HALLMARK_CONTROL/apply.sh"
    ) >"$results/$1.out" 2>&1 </dev/null || code=$?
    now
    printf '%s\n' "$code" >"$results/$1.exit"
    printf '%s0\n' "$((_now - started))" >"$results/$1.ms"
}

mkdir -p "$results"
results=$(cd "$results" && pwd)
ids=
total=0
while read -r id; do
    ids="$ids $id"
    total=$((total + 1))
done <"$HALLMARK_PLAN/plan"

if [ "$what" = check ] && [ "$total" -gt 0 ]; then
    code=0
    # shellcheck disable=SC2086 # a list of ids
    HALLMARK_CONSOLE=$console HALLMARK_CONTROL_SECONDS=$seconds \
        python3 -IS "$HALLMARK_SCRIPTS/run_checks.py" "$results" $ids </dev/null || code=$?
    [ "$code" = 0 ] || echo "run_checks.py ended with exit code $code; what it left out has no result" >&2
    ids=
fi

n=0
status=0
for id in $ids; do
    n=$((n + 1))
    HALLMARK_CONSOLE=$console progress controls "$n" "$total" "apply $id"
    ! is_waived "$id" || continue
    apply_control "$id"
    if [ "$code" != 0 ] && [ "$code" != 3 ]; then
        printf 'control %s: apply failed with exit code %s\n' "$id" "$code" >&2
        tail -n 20 "$results/$id.out" >&2
        status=1
        break
    fi
done

# Once for all controls: what they have written, the checks ask the running systemd for.
if [ "$what" = apply ] && [ -d /run/systemd/system ]; then
    HALLMARK_CONSOLE=$console progress controls "$n" "$total" "units"
    systemctl daemon-reload
fi

# No control may fill the results: 64 KiB each.
find "$results" -name '*.out' -size +128 -exec truncate -s 64K {} +
exit "$status"
