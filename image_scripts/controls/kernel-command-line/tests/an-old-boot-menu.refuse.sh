# HALLMARK_PHASE=build
sh "$HALLMARK_CONTROL/apply.sh"
printf 'linux /vmlinuz root=/dev/vda1\n' >/boot/grub/grub.cfg
