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

count=0
for link in /etc/systemd/system/*; do
    name=${link##*/}
    if [ -f "$link" ] && [ ! -s "$link" ]; then
        finding "$name is masked by an empty file"
    elif masked "$name"; then
        reason_of "$name"
        count=$((count + 1))
        if [ -n "$reason" ]; then
            note "$name is masked: $reason"
        else
            finding "$name is masked, and no control recorded why"
        fi
    fi
done
conclude "$count unit(s) masked, each with its reason"
