sed -i 's|^search.*|&; configfile (hd1)/menu.cfg|' /boot/efi/EFI/debian/grub.cfg
