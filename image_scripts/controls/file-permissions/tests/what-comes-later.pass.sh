# A new kernel, a new menu, apt's logs, a rotation and an upgrade: all as their programs leave them.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
touch /boot/System.map-7 /boot/initrd.img-7
echo menu >/boot/grub/grub.cfg
chmod 644 /boot/System.map-7 /boot/initrd.img-7 /boot/grub/grub.cfg
touch /var/log/apt/term.log
chmod 644 /var/log/apt/term.log
# As at the next boot, and dpkg and logrotate behind it.
systemd-tmpfiles --create hallmark-permissions.conf
echo one >>/var/log/dpkg.log
logrotate -f /etc/logrotate.d/dpkg
[ "$(stat -c '%a %G' /var/log/dpkg.log)" = '640 adm' ]
[ "$(stat -c %a /boot/System.map-7)" = 600 ]
mkdir -p /tmp/deb/DEBIAN /tmp/deb/etc/cron.daily /tmp/deb/boot
printf 'Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: a sample\n' >/tmp/deb/DEBIAN/control
touch /tmp/deb/etc/cron.daily/sample
chmod 755 /tmp/deb /tmp/deb/DEBIAN /tmp/deb/etc /tmp/deb/etc/cron.daily /tmp/deb/boot
dpkg-deb --root-owner-group -Znone -b /tmp/deb /tmp/sample.deb >/dev/null
dpkg -i /tmp/sample.deb >/dev/null
