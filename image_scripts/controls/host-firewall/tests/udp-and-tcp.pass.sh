# HM_DECLARED=22/tcp 443/tcp 443/udp
HM_DECLARED='22/tcp 443/tcp 443/udp' sh "$HALLMARK_CONTROL/apply.sh"
