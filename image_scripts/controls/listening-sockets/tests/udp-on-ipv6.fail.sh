. "$HALLMARK_SCRIPTS/scenario.sh"
listen udp6 :: 161
