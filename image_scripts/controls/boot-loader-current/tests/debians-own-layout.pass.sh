# As grub-install makes it on Debian's cloud images: fallback, boot entries, modules.
cp /usr/lib/shim/fbx64.efi.signed /boot/efi/EFI/BOOT/fbx64.efi
cp /usr/lib/shim/fbx64.efi.signed /boot/efi/EFI/debian/fbx64.efi
cp /usr/lib/shim/BOOTX64.CSV /boot/efi/EFI/debian/BOOTX64.CSV
cp -r /usr/lib/grub/x86_64-efi /boot/grub/x86_64-efi
: >/boot/grub/x86_64-efi/core.efi
