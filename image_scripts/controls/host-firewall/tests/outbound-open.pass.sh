# HM_OUTBOUND=accept
HM_OUTBOUND=accept sh "$HALLMARK_CONTROL/apply.sh"
