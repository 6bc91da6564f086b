sh "$HALLMARK_CONTROL/apply.sh"
useradd -D -f -1
