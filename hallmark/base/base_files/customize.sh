#!/bin/sh
# Shapes a fresh Debian root like Debian's own cloud image: mmdebstrap runs it on the host with the root as $1.
# ROOT_UUID and ESP_UUID come from the environment. Everything random or personal is taken out, so that
# the same packages give the same bytes.
set -eu
root=$1
if [ ! -d "$root/boot" ] || [ "$(readlink -f "$root")" = / ]; then
    echo "customize: expected a root file system other than this machine's, got $root" >&2
    exit 1
fi

kernel=$(basename "$(ls "$root"/boot/vmlinuz-*)")
version=${kernel#vmlinuz-}

# Put off while packages were installed. The hardware database first: the initial RAM disk takes it over. The level is
# 40 MiB less than the default's, for a RAM disk that is an eighth larger.
unset SYSTEMD_HWDB_UPDATE_BYPASS INITRD
chroot "$root" systemd-hwdb --usr --strict update
COMPRESSLEVEL=1 chroot "$root" update-initramfs -c -k "$version"
chroot "$root" linux-update-symlinks install "$version" "/boot/vmlinuz-$version"

cat >"$root/etc/fstab" <<EOF
UUID=$ROOT_UUID / ext4 rw,discard,errors=remount-ro 0 1
UUID=$ESP_UUID /boot/efi vfat rw,umask=0077 0 2
EOF
mkdir -p "$root/boot/efi" "$root/boot/grub" "$root/etc/default/grub.d" "$root/etc/cloud/cloud.cfg.d"

cat >"$root/etc/default/grub.d/10-cloud.cfg" <<'EOF'
GRUB_TIMEOUT=0
GRUB_RECORDFAIL_TIMEOUT=0
GRUB_TERMINAL=console
GRUB_DISABLE_OS_PROBER=true
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200 consoleblank=0"
EOF

# The first boot's menu; update-grub replaces it when the image gets another kernel.
cat >"$root/boot/grub/grub.cfg" <<EOF
set timeout=0
search --no-floppy --fs-uuid --set=root $ROOT_UUID
menuentry 'Debian GNU/Linux' {
    linux /boot/vmlinuz-$version root=UUID=$ROOT_UUID ro console=tty0 console=ttyS0,115200 consoleblank=0
    initrd /boot/initrd.img-$version
}
EOF

# Without a network device there is nothing to wait for: otherwise each isolated boot stops here for two minutes.
mkdir -p "$root/etc/systemd/system/systemd-networkd-wait-online.service.d"
cat >"$root/etc/systemd/system/systemd-networkd-wait-online.service.d/10-no-device.conf" <<'EOF'
[Unit]
ConditionPathExistsGlob=/sys/class/net/e*
EOF

# EFI variables and GRUB's own disk choice mean nothing in an image.
chroot "$root" debconf-set-selections <<'EOF'
grub-efi-amd64 grub2/update_nvram boolean false
grub-efi-amd64 grub2/force_efi_extra_removable boolean true
EOF

chroot "$root" systemctl --quiet enable systemd-networkd.service systemd-resolved.service
echo localhost >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
echo uninitialized >"$root/etc/machine-id"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# Whom apt downloads as depends on who may read the folder that this root was made in.
chown root:root "$root/var/cache/apt/archives/partial"

# What apt has left is removed here. mmdebstrap would run apt once more for that, and is told not to (base_tree.py).
# /tmp is left to mmdebstrap, which empties it at its very end: its apt's configuration is there. An apt that does not
# find it works on this machine instead of the root.
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/*- "$root"/var/lib/dpkg/*-old "$root/var/lib/systemd/random-seed" \
    "$root/var/lib/dbus/machine-id" "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/debconf/*-old \
    "$root/var/cache/ldconfig/aux-cache" "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/run/*
