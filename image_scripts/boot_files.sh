#!/bin/sh
# Leaves one kernel, the newest, with an initial RAM disk and a boot menu that know of all the hardening before them.
# Each is made at most once, and only when something that goes into it has changed.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

put_off=/run/hallmark/put-off

# changed CALLS FILE PATH...: whether a package has asked for FILE anew, or one of the paths is younger than it.
changed() {
    [ ! -e "$put_off/$1.calls" ] || return 0
    [ -e "$2" ] || return 0
    _file=$2
    shift 2
    [ -n "$(find "$@" -newer "$_file" 2>/dev/null)" ]
}

remove_superseded() {
    # This machine is powered off next: nobody is asked whether the running kernel may go.
    printf '#!/bin/sh\nexit 0\n' >"$put_off/linux-check-removal"
    chmod 755 "$put_off/linux-check-removal"
    PATH="$put_off:$PATH" xargs dpkg --purge <"$HALLMARK_PLAN/superseded"
}

version=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V | tail -n 1)
image=/boot/initrd.img-$version

# The older kernel goes while the newest one's disk is made: neither reads what the other writes.
removal=
if [ -s "$HALLMARK_PLAN/superseded" ]; then
    progress boot-files 1 3 "removing the older kernel"
    remove_superseded &
    removal=$!
fi

if changed update-initramfs "$image" /etc/modprobe.d /etc/modules-load.d /etc/modules /etc/initramfs-tools /etc/fstab; then
    progress boot-files 2 3 "initial RAM disk for $version"
    how=-u
    [ -e "$image" ] || how=-c
    # Level 9, the default, takes six times as long for an eighth less. With a date of its own the archive is sorted, and no
    # file in it is younger: two builds make the same one.
    COMPRESSLEVEL=3 SOURCE_DATE_EPOCH=$(stat -c %Y "/boot/vmlinuz-$version") update-initramfs "$how" -k "$version"
fi
if [ -n "$removal" ]; then
    wait "$removal"
    # What the older kernel's removal would have done, had update-initramfs not been put off.
    find /boot -maxdepth 1 -name 'initrd.img-*' ! -name "${image##*/}" -delete
fi

if changed update-grub /boot/grub/grub.cfg /etc/default/grub /etc/default/grub.d /etc/grub.d; then
    progress boot-files 3 3 "boot menu"
    update-grub
fi

# For the evidence: the initial RAM disks, and what is younger than the newest, so that it cannot know of it: nothing.
{ find /boot -name 'initrd.img-*' -printf '%f\n' && find /etc/modprobe.d -newer "$image"; } >"$HALLMARK_RESULTS/initramfs.txt"
