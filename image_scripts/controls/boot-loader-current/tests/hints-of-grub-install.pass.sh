sed -i 's|^search.*|& hd0,gpt1 |' /boot/efi/EFI/debian/grub.cfg
