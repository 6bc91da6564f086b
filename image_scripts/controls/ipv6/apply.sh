#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

file=/etc/default/grub.d/zz-hallmark-ipv6.cfg
if [ "$HM_ENABLED" = yes ]; then
    rm -f "$file"
    exit 0
fi
# A file that turns it on again, before or behind ours.
for other in /etc/default/grub /etc/default/grub.d/*.cfg; do
    [ ! -f "$other" ] || [ "$other" = "$file" ] || sed -i -E 's/ipv6\.disable(_ipv6)?=[^ "]*//g' "$other"
done
write_file 644 root:root "$file" <<'END'
# The recipe does without IPv6. (By sysctl would not do: systemd-networkd gives it back to each interface that it sets up.)
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ipv6.disable=1"
END
# Until the next boot.
for switch in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
    [ ! -w "$switch" ] || echo 1 >"$switch"
done
