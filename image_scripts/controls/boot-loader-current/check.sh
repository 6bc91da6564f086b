#!/bin/sh
# P4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
# shellcheck source=image_scripts/controls/boot-loader-current/loader.sh
. "$HALLMARK_CONTROL/loader.sh"

# is_program FILE: whether it begins as a program for EFI does, whatever its name.
is_program() {
    [ "$(head -c 2 "$1" | tr -d '\0')" = MZ ]
}

# check_partition: the firmware boots from the partitions of a type, whatever is mounted where they should be.
check_partition() {
    mounted=$(findmnt -nvo SOURCE --mountpoint "$esp" | tail -n 1)
    found=no
    for partition in $(esp_partitions); do
        [ "$partition" != "$mounted" ] || found=yes
        [ "$partition" = "$mounted" ] ||
            finding "$partition: an EFI system partition, and not what is mounted at $esp (${mounted:-nothing is}): nobody looks at its boot loader"
    done
    [ $found = yes ] || finding "$esp: expected the EFI system partition of the root's disk, got ${mounted:-nothing mounted}"
}

# check_config FILE: GRUB's first file may lead to the menu of this system alone.
check_config() {
    # TARGET comes first: the UUID may be missing.
    read -r target within uuid <<END
$(findmnt -rno TARGET,FSROOT,UUID -T /boot/grub)
END
    menus=/boot/grub
    menus=${within%/}/${menus#"${target%/}/"}
    if [ -z "$uuid" ] && [ "$HALLMARK_PHASE" != test ]; then
        finding "/boot/grub: expected a file system with a UUID, found none"
    fi
    while IFS= read -r line || [ -n "$line" ]; do
        words=${line#search.fs_uuid }
        wanted=${uuid:-${words%% *}}
        # shellcheck disable=SC2016 # GRUB's own variable
        case $line in
            '' | '#'* | "set prefix=(\$root)'$menus'" | 'configfile $prefix/grub.cfg') ;;
            *[!a-z0-9,.=_\ -]*) finding "$1: expected nothing but the way to $menus, got: $line" ;;
            "search.fs_uuid $wanted root" | "search.fs_uuid $wanted root "*) ;;
            *) finding "$1: expected nothing but the way to $menus of $wanted, got: $line" ;;
        esac
    done <"$1"
}

compared=0
looked=no
programs=0
if has_esp; then
    looked=yes
    if [ -z "$(find "$esp" -type f -print -quit)" ]; then
        fail "$esp: expected the EFI system partition, nothing is there: its boot loader cannot be looked at"
    fi
    if [ "$HALLMARK_PHASE" != test ] || [ -n "$(root_disks)" ]; then check_partition; fi
    while read -r file; do
        packaged "${file##*/}"
        if [ -n "$packaged" ] && [ ! -f "$packaged" ]; then
            finding "$file: expected the file of a package, $packaged, which is not there"
        elif [ -n "$packaged" ]; then
            cmp -s "$packaged" "$file" || finding "$file: other bytes than $packaged: the installed package's is not the one that boots"
            compared=$((compared + 1))
            case $packaged in
                *.signed) programs=$((programs + 1)) ;;
            esac
        elif is_program "$file"; then
            finding "$file: a program that no package has; what boots must come from a package"
        else
            case $file in
                *.[Cc][Ff][Gg]) check_config "$file" ;;
            esac
        fi
    done <<END
$(find "$esp" -type f)
END
    [ "$programs" -gt 0 ] || finding "$esp: expected the boot loader of shim-signed and grub-efi-*-signed, found none"
fi

while IFS="$TAB" read -r from to; do
    [ -z "$from" ] || finding "$to: other bytes than $from"
done <<END
$(stale_modules)
END
for target in /boot/grub/*-*/; do
    [ ! -d "$target" ] || looked=yes
done
[ $looked = yes ] || not_applicable "no EFI system partition, and no GRUB below /boot/grub"
conclude "$compared file(s) of the EFI system partition are those of the packages"
