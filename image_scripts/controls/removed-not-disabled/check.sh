#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

leftovers=$(awk '$1 == "Package:" { name = $2 } $1 == "Status:" && $4 == "config-files" { print name }' /var/lib/dpkg/status)
for name in $leftovers; do
    finding "package $name was removed, but its configuration is still there"
done

# reason_of UNIT: what the record says; empty when it says nothing
reason_of() {
    reason=
    [ -f "$HALLMARK_RECORDS/masked.tsv" ] || return 0
    while IFS='	' read -r unit control why; do
        [ "$unit" != "$1" ] || reason="$why ($control)"
    done <"$HALLMARK_RECORDS/masked.tsv"
    [ "${reason# (}" = "$reason" ] || reason=
}

# systemd itself says which units are off, wherever that is written.
count=0
while read -r name state preset; do
    case $state in
        masked*)
            ! masked_by_package "$name" || continue
            reason_of "$name"
            count=$((count + 1))
            if [ -n "$reason" ] && masked "$name"; then
                note "$name is masked: $reason"
            else
                finding "$name is masked, and no control recorded why"
            fi
            ;;
        disabled)
            [ "$preset" != enabled ] || ! enabled_by_package "$name" ||
                finding "$name is disabled; the first boot enables it again: remove its package, or let a control mask it"
            ;;
    esac
done <<END
$(units_off)
END
conclude "$count unit(s) masked, each with its reason"
