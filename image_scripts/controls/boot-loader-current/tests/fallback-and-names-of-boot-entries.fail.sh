# What grub-install leaves on Debian's cloud images besides, in the cases that FAT takes for the same.
cp /usr/lib/shim/fbx64.efi.signed /boot/efi/EFI/BOOT/FBX64.EFI
cp /usr/lib/shim/BOOTX64.CSV /boot/efi/EFI/debian/BOOTX64.CSV
printf 'x' >>/boot/efi/EFI/BOOT/FBX64.EFI
