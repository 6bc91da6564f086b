sh "$HALLMARK_CONTROL/apply.sh"
printf 'x' >>/usr/bin/sudo
