# The package was patched, the partition was not.
printf 'an older GRUB' >/boot/efi/EFI/debian/grubx64.efi
