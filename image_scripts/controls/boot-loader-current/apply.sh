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
    packaged "${file##*/}"
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
        note "GRUB for BIOS on /dev/$(root_disk)"
        grub-install --target=i386-pc "/dev/$(root_disk)"
        ;;
esac
