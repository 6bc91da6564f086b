# The firewall lets in what comes from a server of DHCP, which anybody may say that he is.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
listen udp 0.0.0.0 68
