#!/bin/sh
# R3, S12: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

rows=
while IFS="$TAB" read -r unit _; do
    rows="$rows $unit"
done <"$HALLMARK_TABLE"
for file in "$HALLMARK_CONTROL"/*.service.conf; do
    unit=${file##*/}
    unit=${unit%.conf}
    drop_in=/etc/systemd/system/$unit.d/zz-hallmark-sandbox.conf
    # A recipe that leaves a row out wants the service as its package has it.
    if contains "$rows" "$unit"; then
        write_file 644 root:root "$drop_in" <"$file"
    else
        rm -f "$drop_in"
    fi
done
