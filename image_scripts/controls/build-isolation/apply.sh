#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HALLMARK_PHASE" != drift ] || exit 0

if [ "$HM_EXPECT" = none ]; then
    ip -o link show up | while IFS=': ' read -r _ name _; do
        [ "$name" != lo ] || continue
        name=${name%%@*}
        note "taking $name down"
        ip link set dev "$name" down
        ip addr flush dev "$name"
    done
    ip route flush table all scope global 2>/dev/null || true
    ip -6 route flush table all scope global 2>/dev/null || true
    for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
        [ ! -f "$file" ] ||
            sed -i --follow-symlinks -E '/^[[:space:]]*nameserver[[:space:]]+(127\.|::1)/!{/^[[:space:]]*nameserver/d}' "$file"
    done
fi
