# HM_SIGN_IN=no
sh "$HALLMARK_CONTROL/apply.sh"
