#!/bin/sh
# Runs one scenario of one control in a throw-away copy of a real root; called by scratch.py inside fresh mount, pid and
# network namespaces, so that all of it (mounts, processes, interfaces) ends with it.
#
#   drive.sh ROOT STAGE SCENARIO ENVFILE VERDICT
# ROOT is the pristine tree, STAGE holds scripts/, plan/, media/ and gets the outputs; VERDICT is pass or fail.
# Prints one line a step: "STEP EXIT-CODE MILLISECONDS"; what the step printed is in STAGE/out/STEP.
set -eu
root=$1 stage=$2 scenario=$3 env=$4 verdict=$5

scratch=/mnt
mount -t tmpfs -o mode=0755 hallmark-scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root" "$scratch/frozen"
mount -t overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
new=$scratch/root
mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$new/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$new/tmp"
mount -t tmpfs -o mode=0755,nosuid devtmpfs "$new/dev"
for node in null zero full random urandom; do
    : >"$new/dev/$node"
    mount --bind "/dev/$node" "$new/dev/$node"
done
mkdir "$new/dev/pts" "$new/dev/shm"
ln -s /proc/self/fd "$new/dev/fd"
ln -s /proc/self/fd/0 "$new/dev/stdin"
ln -s /proc/self/fd/1 "$new/dev/stdout"
ln -s /proc/self/fd/2 "$new/dev/stderr"
mkdir "$new/run/hallmark"
for part in scripts plan media; do
    mkdir "$new/run/hallmark/$part"
    mount --bind "$stage/$part" "$new/run/hallmark/$part"
    mount -o remount,bind,ro "$new/run/hallmark/$part"
done
# check.sh sees the same tree, but cannot write to it
mount --rbind "$new" "$scratch/frozen"
mount -o remount,bind,ro "$scratch/frozen"

now() {
    read -r up _ </proc/uptime
    printf '%s0' "${up%.*}${up#*.}"
}

# in_root ROOT SCRIPT: runs a script of the guest there with the environment that the contract promises
in_root() {
    (
        set -a
        # shellcheck disable=SC1090
        . "$env"
        set +a
        exec chroot "$1" /bin/sh "$2"
    )
}

# step NAME ROOT SCRIPT EXPECTED...: runs it, reports, and ends everything when the exit code is not an expected one
step() {
    name=$1 where=$2 script=$3
    shift 3
    began=$(now)
    code=0
    in_root "$where" "$script" >"$stage/out/$name" 2>&1 </dev/null || code=$?
    printf '%s %s %s\n' "$name" "$code" "$(($(now) - began))"
    case " $* " in
        *" $code "*) ;;
        *) exit 0 ;;
    esac
}

control=/run/hallmark/scripts/controls/$(basename "$(dirname "$(dirname "$scenario")")")
step scenario "$new" "$control/tests/$(basename "$scenario")" 0
if [ "$verdict" = pass ]; then
    step check "$scratch/frozen" "$control/check.sh" 0
    exit 0
fi
step check "$scratch/frozen" "$control/check.sh" 1
step apply "$new" "$control/apply.sh" 0
step recheck "$scratch/frozen" "$control/check.sh" 0
step reapply "$new" "$control/apply.sh" 0
step final "$scratch/frozen" "$control/check.sh" 0
