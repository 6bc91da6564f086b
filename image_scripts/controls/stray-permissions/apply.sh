#!/bin/sh
# R1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

allowed() {
    set -f
    # shellcheck disable=SC2086 # patterns
    set -- "$1" $HM_ALLOWED
    set +f
    path=$1
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2254
        case $path in
            $pattern) return 0 ;;
        esac
    done
    return 1
}

# mend WHAT PATH
mend() {
    note "$2: $1"
    case $1 in
        device) rm -f "$2" ;;
        unowned)
            # Whose rights it had is not known; root's it must not get.
            [ -L "$2" ] || chmod ug-s,go-w "$2"
            chown -h root:root "$2"
            ;;
        open) chmod o-w "$2" ;;
        node) chmod o= "$2" ;;
        foreign) chown root:root "$2" ;;
    esac
}

awk '
    $5 == "/" { print $5; next }
    match($0, / - (btrfs|devtmpfs|exfat|ext2|ext3|ext4|f2fs|jfs|ramfs|tmpfs|vfat|xfs|zfs) /) && !seen[$3 " " $4]++ { print $5 }
' /proc/self/mountinfo | while read -r place; do
    place=$(printf '%b' "$place")
    find "$place" -xdev \
        -type b -path '/dev/*' -perm /007 -printf 'node %p\n' -o \
        -type b ! -path '/dev/*' -printf 'device %p\n' -o \
        -type c ! -path '/dev/*' -printf 'device %p\n' -o \
        ! -type b ! -type c \( -nouser -o -nogroup \) -printf 'unowned %p\n' -o \
        ! -type b ! -type c ! -type l ! -type s ! -type d -perm -0002 -printf 'open %p\n' -o \
        -type d -perm -0002 ! -perm -1000 -printf 'open %p\n' -o \
        -type d -perm -1002 ! -uid 0 -printf 'foreign %p\n'
done | while read -r what path; do
    allowed "$path" || mend "$what" "$path"
done
for node in /dev/mem /dev/kmem /dev/port; do
    [ ! -c "$node" ] || chmod o= "$node"
done
