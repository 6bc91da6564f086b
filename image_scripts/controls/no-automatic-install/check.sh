#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# What apt makes of all its files together, not what one file says.
settings=$(apt-config shell UPGRADE APT::Periodic::Unattended-Upgrade \
    LISTS APT::Periodic::Update-Package-Lists DOWNLOAD APT::Periodic::Download-Upgradeable-Packages)
UPGRADE=0 LISTS=0 DOWNLOAD=0
eval "$settings"
[ "$UPGRADE" = 0 ] || finding "apt: APT::Periodic::Unattended-Upgrade is $UPGRADE, expected 0"
if [ "$HM_DOWNLOAD" = no ]; then
    [ "$LISTS" = 0 ] || finding "apt: APT::Periodic::Update-Package-Lists is $LISTS, expected 0"
    [ "$DOWNLOAD" = 0 ] || finding "apt: APT::Periodic::Download-Upgradeable-Packages is $DOWNLOAD, expected 0"
fi

for unit in apt-daily-upgrade.timer apt-daily-upgrade.service; do
    masked "$unit" || finding "$unit is not masked"
done

present=$(installed_packages)
for package in $HM_PACKAGES; do
    case "
$present
" in
        *"
$package
"*) finding "package $package is installed" ;;
    esac
done

# Names may be quoted, within braces; cloud-init takes a few words for yes.
upgrading=$(grep -lEis "^[^#]*(package_upgrade|apt_upgrade)[\"']?[[:space:]]*:[[:space:]]*[\"']?(true|yes|on|1)" \
    /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg || true)
[ -z "$upgrading" ] || finding "cloud-init upgrades packages at first boot: $upgrading"

conclude "updates are not installed automatically (fetching lists: $LISTS, packages: $DOWNLOAD)"
