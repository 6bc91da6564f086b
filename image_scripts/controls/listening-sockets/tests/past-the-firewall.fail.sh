# It reads each packet before the firewall drops it, and listens nowhere.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
read_packets
