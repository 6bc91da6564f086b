# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_kernel_parameters
# As a file of systemd-networkd's can set it.
echo 1 >/proc/sys/net/ipv4/conf/eth0/forwarding
