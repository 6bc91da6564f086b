# Firmware starts this one when it knows of no other.
printf 'an older shim' >/boot/efi/EFI/BOOT/BOOTX64.EFI
