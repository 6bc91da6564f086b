# GRUB takes the quotes away.
sh "$HALLMARK_CONTROL/apply.sh"
printf "menuentry 'Debian' --unrestricted {\n  linux /vmlinuz root=/dev/vda1 \"init=/bin/dash\" panic=30\n}\n" >/boot/grub/custom.cfg
