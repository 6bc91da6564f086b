# HM_CLIENT_PROGRAMS=/usr/bin/python3.13
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
read_packets
