#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HM_ENABLED" = no ] || not_applicable "the recipe keeps IPv6"

# last_word WORD...: what the kernel makes of a command line: the last ipv6.disable= counts.
last_word() {
    told=
    for word in "$@"; do
        case $word in
            ipv6.disable=*) told=${word#ipv6.disable=} ;;
        esac
    done
}

# Now: each interface, the loopback too; a kernel that left IPv6 out has none of these.
now="the kernel runs without IPv6"
for switch in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
    [ -e "$switch" ] || continue
    now="IPv6 is off on each interface"
    key=${switch#/proc/sys/}
    value=$(sysctl -n "$key")
    [ "$value" = 1 ] || finding "$key is $value, expected 1"
done

# At each boot to come: what update-grub would make of its files, and what the boot menu says.
# shellcheck disable=SC2016,SC2046
last_word $(sh -c '
    for file in /etc/default/grub /etc/default/grub.d/*.cfg; do
        [ ! -f "$file" ] || . "$file"
    done
    printf "%s %s\n" "${GRUB_CMDLINE_LINUX-}" "${GRUB_CMDLINE_LINUX_DEFAULT-}"
')
[ "$told" = 1 ] || finding "boot menu: expected ipv6.disable=1 on the kernel's command line, got \"$told\""
if [ "$HALLMARK_PHASE" != test ] && [ -f /boot/grub/grub.cfg ]; then
    while read -r first rest; do
        [ "$first" = linux ] || continue
        # shellcheck disable=SC2086
        last_word $rest
        [ "$told" = 1 ] || finding "/boot/grub/grub.cfg: expected ipv6.disable=1, got: $rest"
    done </boot/grub/grub.cfg
fi
conclude "$now, and at each boot"
