sh "$HALLMARK_CONTROL/apply.sh"
