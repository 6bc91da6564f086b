sh "$HALLMARK_CONTROL/apply.sh"
printf 'password hallmark secret\n' >>/etc/grub.d/40_custom
