#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

file=/etc/sysctl.d/zz-hallmark-ipv6.conf
if [ "$HM_ENABLED" = yes ]; then
    rm -f "$file"
    exit 0
fi
# A later file would win over ours.
for other in /etc/sysctl.conf /etc/sysctl.d/*.conf; do
    [ ! -f "$other" ] || [ "$other" = "$file" ] || sed -i -E '/disable_ipv6/d' "$other"
done
write_file 644 root:root "$file" <<'END'
# The recipe does without IPv6.
net.ipv6.conf.all.disable_ipv6 = 1
net.ipv6.conf.default.disable_ipv6 = 1
END
for which in all default; do
    [ ! -w "/proc/sys/net/ipv6/conf/$which/disable_ipv6" ] || echo 1 >"/proc/sys/net/ipv6/conf/$which/disable_ipv6"
done
