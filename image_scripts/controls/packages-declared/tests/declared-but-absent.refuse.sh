# HM_PACKAGES=openssh-server not-there
sh "$HALLMARK_CONTROL/apply.sh"
