#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

file=/etc/default/grub.d/zz-hallmark-ipv6.cfg
if [ "$HM_ENABLED" = yes ]; then
    rm -f "$file"
    exit 0
fi
# (By sysctl would not do: systemd-networkd gives it back to each interface that it sets up.)
set_boot_words ipv6 "The recipe does without IPv6." ipv6.disable=1
# Until the next boot.
for switch in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
    [ ! -w "$switch" ] || echo 1 >"$switch"
done
