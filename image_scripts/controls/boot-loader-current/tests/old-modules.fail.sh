cp -r /usr/lib/grub/x86_64-efi /boot/grub/x86_64-efi
printf 'an older module' >/boot/grub/x86_64-efi/ext2.mod
