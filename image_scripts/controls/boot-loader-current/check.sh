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

compared=0
looked=no
programs=0
if has_esp; then
    looked=yes
    if [ -z "$(find "$esp" -type f -print -quit)" ]; then
        fail "$esp: expected the EFI system partition, nothing is there: its boot loader cannot be looked at"
    fi
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
