# HM_DISABLED=usr.bin.man
HM_DISABLED=usr.bin.man sh "$HALLMARK_CONTROL/apply.sh"
