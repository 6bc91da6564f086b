#!/bin/sh
# P4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
# shellcheck source=image_scripts/controls/boot-loader-current/loader.sh
. "$HALLMARK_CONTROL/loader.sh"

if [ ! -d "$esp/EFI" ] && has_esp; then
    note "mounting $esp"
    mount "$esp" || true # the check says what is missing then
fi

# A new file first, then its name: whatever happens meanwhile, the partition holds a whole boot loader.
[ ! -d "$esp" ] || find "$esp" -type f | while read -r file; do
    name=${file##*/}
    packaged "${name%.new}"
    if [ -n "$packaged" ] && [ "${name%.new}" != "$name" ]; then
        note "$file: left by an apply that was interrupted"
        rm "$file"
        continue
    fi
    if [ ! -f "$packaged" ] || cmp -s "$packaged" "$file"; then
        continue
    fi
    note "$file: from $packaged"
    cp "$packaged" "$file.new"
    sync "$file.new"
    mv "$file.new" "$file"
done

stale=$(stale_modules)
while IFS="$TAB" read -r from to; do
    [ -z "$from" ] || cp "$from" "$to"
done <<END
$stale
END
case $stale in
    */boot/grub/i386-pc/*)
        for disk in $(root_disks); do
            note "GRUB for BIOS on $disk"
            grub-install --target=i386-pc "$disk"
        done
        ;;
esac
