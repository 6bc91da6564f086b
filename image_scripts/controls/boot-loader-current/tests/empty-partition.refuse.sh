find /boot/efi/EFI -name '*.efi' -delete -o -name '*.EFI' -delete
