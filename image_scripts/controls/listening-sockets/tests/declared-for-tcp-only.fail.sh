# HM_DECLARED=22/tcp
. "$HALLMARK_SCRIPTS/scenario.sh"
listen tcp 0.0.0.0 22
listen udp 0.0.0.0 22
