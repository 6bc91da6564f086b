# Superusers without --unrestricted: the next boot waits for a password that nobody has.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/--unrestricted //' /etc/grub.d/10_linux
