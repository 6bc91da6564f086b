# HM_CLIENT_PROGRAMS=/usr/bin/python3.13
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
listen tcp 127.0.0.53 53
listen udp 127.0.0.54 53
listen udp 0.0.0.0 68
