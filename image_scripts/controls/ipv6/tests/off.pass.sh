# HM_ENABLED=no
sh "$HALLMARK_CONTROL/apply.sh"
