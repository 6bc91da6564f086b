sh "$HALLMARK_CONTROL/apply.sh"
printf 'unset superusers\n' >>/etc/grub.d/40_custom
