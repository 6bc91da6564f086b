# Every program is the packages', and the menu that they open is another one than /boot/grub has.
sed -i "s|'/boot/grub'|'/srv/grub'|" /boot/efi/EFI/debian/grub.cfg
