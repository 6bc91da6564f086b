# shellcheck shell=sh disable=SC2034
# For apply and check: where boot loaders are, and which package's file each of them is to be.

esp=/boot/efi
shim=/usr/lib/shim
grub=/usr/lib/grub

# packaged NAME: in $packaged, the package's file for a file of this name on the partition; empty when no package has one.
# Firmware and FAT take no notice of case.
packaged() {
    case $1 in
        [Ss][Hh][Ii][Mm][Xx]64.[Ee][Ff][Ii] | [Bb][Oo][Oo][Tt][Xx]64.[Ee][Ff][Ii]) packaged=$shim/shimx64.efi.signed ;;
        [Ss][Hh][Ii][Mm][Aa][Aa]64.[Ee][Ff][Ii] | [Bb][Oo][Oo][Tt][Aa][Aa]64.[Ee][Ff][Ii]) packaged=$shim/shimaa64.efi.signed ;;
        [Mm][Mm][Xx]64.[Ee][Ff][Ii]) packaged=$shim/mmx64.efi.signed ;;
        [Mm][Mm][Aa][Aa]64.[Ee][Ff][Ii]) packaged=$shim/mmaa64.efi.signed ;;
        [Ff][Bb][Xx]64.[Ee][Ff][Ii]) packaged=$shim/fbx64.efi.signed ;;
        [Ff][Bb][Aa][Aa]64.[Ee][Ff][Ii]) packaged=$shim/fbaa64.efi.signed ;;
        [Gg][Rr][Uu][Bb][Xx]64.[Ee][Ff][Ii]) packaged=$grub/x86_64-efi-signed/grubx64.efi.signed ;;
        [Gg][Rr][Uu][Bb][Aa][Aa]64.[Ee][Ff][Ii]) packaged=$grub/arm64-efi-signed/grubaa64.efi.signed ;;
        [Bb][Oo][Oo][Tt][Xx]64.[Cc][Ss][Vv]) packaged=$shim/BOOTX64.CSV ;;
        [Bb][Oo][Oo][Tt][Aa][Aa]64.[Cc][Ss][Vv]) packaged=$shim/BOOTAA64.CSV ;;
        *) packaged= ;;
    esac
}

# has_esp: whether this machine has an EFI system partition, mounted or not.
has_esp() {
    [ ! -d "$esp/EFI" ] || return 0
    grep -Eqs "^[^#[:space:]]+[[:space:]]+${esp}[[:space:]]" /etc/fstab || lsblk -rno PARTTYPE "/dev/$(root_disk)" 2>/dev/null |
        grep -Fqix c12a7328-f81f-11d2-ba4b-00a0c93ec93b
}

# root_disk: the name of the disk that holds the root file system.
root_disk() {
    lsblk -ndo PKNAME "$(findmnt -nvo SOURCE /)" 2>/dev/null || true
}

# stale_modules: `PACKAGE'S FILE<tab>FILE` for each of GRUB's own files below /boot/grub that is not as the package has it.
stale_modules() {
    for target in /boot/grub/*-*/; do
        target=${target%/}
        [ -d "$grub/${target##*/}" ] || continue
        diff -rq "$grub/${target##*/}" "$target" | sed -n 's/^Files \(.*\) and \(.*\) differ$/\1\t\2/p'
    done
}
