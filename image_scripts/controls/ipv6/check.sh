#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HM_ENABLED" = no ] || not_applicable "the recipe keeps IPv6"

# All of sysctl's files in the order in which the machine reads them at boot: the last word counts.
configured=$(/usr/lib/systemd/systemd-sysctl --cat-config |
    sed -nE 's,^[[:space:]]*-?net[./]ipv6[./]conf[./](all|default)[./]disable_ipv6[[:space:]]*=[[:space:]]*,\1 ,p')
all=0 default=0
while read -r which value; do
    case $which in
        all) all=$value ;;
        default) default=$value ;;
    esac
done <<END
$configured
END
[ "$all" = 1 ] || finding "net.ipv6.conf.all.disable_ipv6 will be $all at boot, expected 1"
[ "$default" = 1 ] || finding "net.ipv6.conf.default.disable_ipv6 will be $default at boot, expected 1"

if [ -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ]; then
    now=$(cat /proc/sys/net/ipv6/conf/all/disable_ipv6)
    [ "$now" = 1 ] || finding "net.ipv6.conf.all.disable_ipv6 is $now, expected 1"
fi
conclude "IPv6 is off now and at each boot"
