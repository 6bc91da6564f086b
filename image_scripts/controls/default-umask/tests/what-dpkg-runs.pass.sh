# A package that is installed under this umask: dpkg has its own, so what its scripts make can be read.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /tmp/deb/DEBIAN
printf 'Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: a sample\n' >/tmp/deb/DEBIAN/control
printf '#!/bin/sh\ntouch /var/lib/made-by-postinst\n' >/tmp/deb/DEBIAN/postinst
chmod 755 /tmp/deb/DEBIAN /tmp/deb/DEBIAN/postinst
dpkg-deb --root-owner-group -Znone -b /tmp/deb /tmp/sample.deb >/dev/null
su -l root -c 'umask; dpkg -i /tmp/sample.deb'
[ "$(stat -c %a /var/lib/made-by-postinst)" = 644 ]
