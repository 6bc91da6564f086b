# HM_DECLARED=22/tcp 5000/udp
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
listen tcp 0.0.0.0 22
listen tcp6 :: 22
listen udp 127.0.0.1 5000
