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
    [ -d "$esp/EFI" ] || grep -Eqs "^[^#[:space:]]+[[:space:]]+${esp}[[:space:]]" /etc/fstab || [ -n "$(esp_partitions)" ]
}

# root_disks: the disks, as /dev/NAME, that hold the root file system; those below LVM and RAID too.
root_disks() {
    lsblk -nsro PATH,TYPE "$(findmnt -nvo SOURCE /)" 2>/dev/null | awk '$2 == "disk" && !seen[$1]++ { print $1 }'
}

# esp_partitions: the partitions of these disks, as /dev/NAME, that firmware takes boot loaders from.
esp_partitions() {
    for disk in $(root_disks); do
        lsblk -nro PATH,PARTTYPE "$disk" | awk 'tolower($2) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" { print $1 }'
    done
}

# stale_modules: `PACKAGE'S FILE<tab>FILE` for each of GRUB's own files below /boot/grub that is not as the package has it.
stale_modules() {
    for target in /boot/grub/*-*/; do
        target=${target%/}
        [ -d "$grub/${target##*/}" ] || continue
        diff -rq "$grub/${target##*/}" "$target" | sed -n 's/^Files \(.*\) and \(.*\) differ$/\1\t\2/p'
    done
}
