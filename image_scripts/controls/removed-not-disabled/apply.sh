#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

leftovers=$(awk '$1 == "Package:" { name = $2 } $1 == "Status:" && $4 == "config-files" { print name }' /var/lib/dpkg/status)
# shellcheck disable=SC2086
[ -z "$leftovers" ] || dpkg --purge $leftovers

reasons=
[ ! -f "$HALLMARK_RECORDS/masked.tsv" ] || reasons=$(cat "$HALLMARK_RECORDS/masked.tsv")
units_off | while read -r unit state preset; do
    if [ "$state" = disabled ]; then
        if [ "$preset" = enabled ] && enabled_by_package "$unit"; then
            note "enabling $unit: nobody recorded why it was disabled; remove its package, or mask it by a control"
            enable_units "$unit"
        fi
        continue
    fi
    ! masked_by_package "$unit" || continue
    case "
$reasons" in
        *"
$unit	"*"	"?*) ;;
        *)
            note "unmasking $unit: nobody recorded why it was masked; remove its package, or mask it by a control"
            rm -f "/etc/systemd/system/$unit" "/run/systemd/system/$unit" "/usr/local/lib/systemd/system/$unit" \
                "/etc/systemd/system.control/$unit" "/run/systemd/system.control/$unit"
            ;;
    esac
done
