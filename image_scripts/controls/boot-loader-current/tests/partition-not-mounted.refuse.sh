rm -rf /boot/efi/EFI
