# HM_ENABLED=no
# HALLMARK_PHASE=acceptance
# The files say so, but the boot menu was made before.
sh "$HALLMARK_CONTROL/apply.sh"
printf "menuentry 'Debian' {\n    linux /boot/vmlinuz root=/dev/vda1 ro\n}\n" >/boot/grub/grub.cfg
