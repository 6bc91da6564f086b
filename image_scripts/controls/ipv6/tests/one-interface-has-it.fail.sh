# HM_ENABLED=no
# As systemd-networkd leaves it: off for all, on again for the interface that it has set up.
set -eu
ip link add v0 type veth peer name v1
sh "$HALLMARK_CONTROL/apply.sh"
ip link set v0 up
echo 0 >/proc/sys/net/ipv6/conf/v0/disable_ipv6
