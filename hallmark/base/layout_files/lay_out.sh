#!/bin/sh
# Fits a root that customize.sh has shaped to a disk of several partitions: mmdebstrap runs it on the host with the root
# as $1. FSTAB is the whole file. BOOT_UUID is the file system of /boot; GROWS is the mount point of the disk's last
# partition. What a mount must not do (nodev, nosuid, noexec) is left to the control mount-options.
set -eu
root=$1
if [ ! -d "$root/boot" ] || [ "$(readlink -f "$root")" = / ]; then
    echo "lay_out: expected a root file system other than this machine's, got $root" >&2
    exit 1
fi

printf '%s\n' "$FSTAB" >"$root/etc/fstab"
# The mount points of a base are all there but this one, which auditd would make so.
mkdir -m 0750 "$root/var/log/audit"
chown 0:4 "$root/var/log/audit"

# On a host that has much else to do, ten partitions take longer than systemd's minute and a half to appear; then it would end in an
# emergency shell, which nobody can reach.
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultDeviceTimeoutSec=10min\n' >"$root/etc/systemd/system.conf.d/20-partitions.conf"

# GRUB sees /boot as a file system of its own.
sed -i -e "s|^search .*|search --no-floppy --fs-uuid --set=root $BOOT_UUID|" -e 's|^\( *[a-z]*\) /boot/|\1 /|' "$root/boot/grub/grub.cfg"

# The root grows by cloud-init alone. Of another partition it makes the partition larger; its resizefs knows only the root.
[ "$GROWS" != / ] || exit 0
printf 'growpart:\n  mode: auto\n  devices: ["%s"]\n' "$GROWS" >"$root/etc/cloud/cloud.cfg.d/20-grow.cfg"
cat >"$root/etc/systemd/system/grow-file-system.service" <<END
[Unit]
Description=Grow the file system on $GROWS to its partition
After=cloud-init-network.service
RequiresMountsFor=$GROWS

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/systemd/systemd-growfs $GROWS

[Install]
WantedBy=multi-user.target
END
chroot "$root" systemctl --quiet enable grow-file-system.service
