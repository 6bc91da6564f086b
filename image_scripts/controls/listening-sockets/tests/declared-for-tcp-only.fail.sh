# HM_DECLARED=22/tcp
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
listen tcp 0.0.0.0 22
listen udp 0.0.0.0 22
