#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

leftovers=$(awk '$1 == "Package:" { name = $2 } $1 == "Status:" && $4 == "config-files" { print name }' /var/lib/dpkg/status)
# shellcheck disable=SC2086
[ -z "$leftovers" ] || dpkg --purge $leftovers

reasons=
[ ! -f "$HALLMARK_RECORDS/masked.tsv" ] || reasons=$(cat "$HALLMARK_RECORDS/masked.tsv")
for link in /etc/systemd/system/*; do
    unit=${link##*/}
    [ ! -f "$link" ] || [ -s "$link" ] || [ -L "$link" ] || rm -f "$link"
    masked "$unit" || continue
    case "
$reasons" in
        *"
$unit	"*"	"?*) ;;
        *)
            note "unmasking $unit: nobody recorded why it was masked; remove its package, or mask it by a control"
            rm -f "$link"
            ;;
    esac
done
