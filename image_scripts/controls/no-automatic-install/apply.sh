#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"

# shellcheck disable=SC2046
purge_packages $(installed_matching "$HM_PACKAGES")

# A later file would win over ours.
for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    [ ! -f "$file" ] || sed -i -E '/^[[:space:]]*APT::Periodic::/d' "$file"
done

fetch=0
[ "$HM_DOWNLOAD" = no ] || fetch=1
write_file 644 root:root /etc/apt/apt.conf.d/zz-hallmark-periodic <<END
// Patches come with a new image; they are never installed by themselves.
APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "$fetch";
APT::Periodic::Download-Upgradeable-Packages "$fetch";
APT::Periodic::Unattended-Upgrade "0";
END

mask_unit apt-daily-upgrade.timer "part of apt, which is needed; it would install patches by itself"
mask_unit apt-daily-upgrade.service "part of apt, which is needed; it would install patches by itself"

for file in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
    [ ! -f "$file" ] || sed -i -E "s/^([^#]*(package_upgrade|apt_upgrade)[\"']?[[:space:]]*:[[:space:]]*)[\"']?(true|yes|on|1)[\"']?/\1false/I" "$file"
done
