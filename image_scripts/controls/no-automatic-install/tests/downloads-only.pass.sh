# HM_DOWNLOAD=yes
sh "$HALLMARK_CONTROL/apply.sh"
