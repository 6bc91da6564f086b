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
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        HALLMARK_PHASE="$HALLMARK_PHASE" HALLMARK_SCRIPTS="$HALLMARK_SCRIPTS" HALLMARK_PLAN="$HALLMARK_PLAN" \
        HALLMARK_MEDIA="${HALLMARK_MEDIA-}" HALLMARK_CONSOLE="${HALLMARK_CONSOLE-/dev/console}" \
        HALLMARK_CONTROL_SECONDS="${HALLMARK_CONTROL_SECONDS-600}" ${TMPDIR:+"TMPDIR=$TMPDIR"} \
        ${HALLMARK_SINCE:+"HALLMARK_SINCE=$HALLMARK_SINCE"} \
        /bin/sh "$0" "$@"
fi
unset HALLMARK_CLEAN
umask 022

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

# run_control ID: its exit code in $code
run_control() {
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
        exec timeout -k 10 "$seconds" /bin/sh "$HALLMARK_CONTROL/$what.sh"
    ) >"$results/$1.out" 2>&1 </dev/null || code=$?
    now
    printf '%s\n' "$code" >"$results/$1.exit"
    printf '%s0\n' "$((_now - started))" >"$results/$1.ms"
}

mkdir -p "$results"
results=$(cd "$results" && pwd)
total=0
in_shell=
in_python=
while read -r id; do
    total=$((total + 1))
    if [ "$what" = check ] && [ -e "$HALLMARK_SCRIPTS/controls/$id/check.py" ]; then
        in_python="$in_python $id"
    else
        in_shell="$in_shell $id"
    fi
done <"$HALLMARK_PLAN/plan"

# On a live server its user data may have made accounts: HALLMARK_PEOPLE has a line for each, with its groups.
if [ "$HALLMARK_PHASE" = drift ] && [ -e /var/lib/cloud/instance/cloud-config.txt ]; then
    HALLMARK_PEOPLE=$(python3 -I "$HALLMARK_SCRIPTS/people.py") || echo "people.py ended with exit code $?" >&2
    export HALLMARK_PEOPLE
fi

# A machine has two processors or more: the Python checks run beside those in shell.
python=
if [ -n "$in_python" ]; then
    # shellcheck disable=SC2086 # a list of ids
    HALLMARK_CONSOLE=$console HALLMARK_CONTROL_SECONDS=$seconds \
        python3 -I "$HALLMARK_SCRIPTS/run_checks.py" "$results" $in_python </dev/null &
    python=$!
fi

n=0
status=0
for id in $in_shell; do
    n=$((n + 1))
    HALLMARK_CONSOLE=$console progress controls "$n" "$total" "$what $id"
    if [ "$what" = apply ] && is_waived "$id"; then
        continue
    fi
    run_control "$id"
    if [ "$what" = apply ] && [ "$code" != 0 ] && [ "$code" != 3 ]; then
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

if [ -n "$python" ]; then
    code=0
    wait "$python" || code=$?
    [ "$code" = 0 ] || echo "run_checks.py ended with exit code $code; what it left out has no result" >&2
fi

# No control may fill the results: 64 KiB each.
find "$results" -name '*.out' -size +128 -exec truncate -s 64K {} +
exit "$status"
