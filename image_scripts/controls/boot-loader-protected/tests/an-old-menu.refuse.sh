# HALLMARK_PHASE=acceptance
# The scripts are in order, and the menu was made before them.
sh "$HALLMARK_CONTROL/apply.sh"
printf "menuentry 'Debian' {\n linux /vmlinuz panic=30\n}\n" >/boot/grub/grub.cfg
