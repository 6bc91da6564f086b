#!/bin/sh
# Runs one scenario of one control in a throw-away copy of a real root; called by scratch.py inside fresh mount, pid and
# network namespaces, so that all of it (mounts, processes, interfaces) ends with it.
#
#   drive.sh ROOT STAGE SCENARIO ENVFILE VERDICT
# ROOT is the pristine tree, STAGE holds scripts/, plan/, media/ and gets the outputs; VERDICT is pass, fail or refuse.
# SCENARIO "plan" runs the whole plan instead, twice, as a build does; STAGE/out gets the results.
# Prints one line a step: "STEP EXIT-CODE MILLISECONDS"; what the step printed is in STAGE/out/STEP.
set -eu
trap 'chown -R --reference="$stage" "$stage/out"' EXIT # whoever runs the tests may remove them
root=$1 stage=$2 scenario=$3 env=$4 verdict=$5

scratch=/mnt
mount -t tmpfs -o mode=0755 hallmark-scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
new=$scratch/root
mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$new/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$new/tmp"
mount -t tmpfs -o mode=0755,nosuid devtmpfs "$new/dev"
for node in null zero full random urandom; do
    : >"$new/dev/$node"
    mount --bind "/dev/$node" "$new/dev/$node"
    # Their permissions are the host's own; writing to them is no matter of the mount.
    mount -o remount,bind,ro "$new/dev/$node"
done
mkdir "$new/dev/pts" "$new/dev/shm"
ln -s /proc/self/fd "$new/dev/fd"
ln -s /proc/self/fd/0 "$new/dev/stdin"
ln -s /proc/self/fd/1 "$new/dev/stdout"
ln -s /proc/self/fd/2 "$new/dev/stderr"
rm -f "$new/var/lib/man-db/auto-update" # or each removal of a package would index all manuals anew
mkdir "$new/run/hallmark"
for part in scripts plan media; do
    mkdir "$new/run/hallmark/$part"
    mount --bind "$stage/$part" "$new/run/hallmark/$part"
    mount -o remount,bind,ro "$new/run/hallmark/$part"
done
now() {
    read -r up _ </proc/uptime
    printf '%s0' "${up%.*}${up#*.}"
}

# in_root SCRIPT [ARGUMENT...]: runs a script of the guest there with the environment that the contract promises; a control's
# check may be Python instead
in_root() {
    (
        set -a
        # shellcheck disable=SC1090
        . "$env"
        set +a
        case $1 in
            */check.sh) [ -e "$new$1" ] || exec chroot "$new" python3 -IS "$HALLMARK_SCRIPTS/run_checks.py" "${HALLMARK_CONTROL##*/}" ;;
        esac
        exec chroot "$new" /bin/sh "$@"
    )
}

# step NAME SCRIPT EXPECTED [ARGUMENT...]: runs it, reports, and ends everything when the exit code is not the expected one
step() {
    name=$1 script=$2 expected=$3
    shift 3
    began=$(now)
    code=0
    in_root "$script" "$@" >"$stage/out/$name" 2>&1 </dev/null || code=$?
    printf '%s %s %s\n' "$name" "$code" "$(($(now) - began))"
    [ "$code" = "$expected" ] || exit 0
}

# A check cannot write to the tree that it judges.
check() {
    mount -o remount,bind,ro "$new"
    step "$1" "$control/check.sh" "$2"
    mount -o remount,bind,rw "$new"
}

if [ "$scenario" = plan ]; then
    for round in first second; do
        for what in apply check; do
            [ "$what" = apply ] || mount -o remount,bind,ro "$new"
            step "$round-$what" "/run/hallmark/scripts/controls.sh" 0 "$what" "/run/results/$round-$what"
            mount -o remount,bind,rw "$new"
        done
        chroot "$new" find /etc /usr/share/hallmark /var/lib/dpkg/statoverride -printf '%M %u:%g %p %l\n' \
            -type f -exec sha256sum {} + >"$stage/out/$round-state"
    done
    cp -r "$new/run/results" "$stage/out/"
    exit 0
fi

control=/run/hallmark/scripts/controls/$(basename "$(dirname "$(dirname "$scenario")")")
step scenario "$control/tests/$(basename "$scenario")" 0
if [ "$verdict" = pass ]; then
    check check 0
    exit 0
fi
check check 1
if [ "$verdict" = refuse ]; then
    step apply "$control/apply.sh" 0
    check recheck 1
    exit 0
fi
step apply "$control/apply.sh" 0
check recheck 0
step reapply "$control/apply.sh" 0
check final 0
