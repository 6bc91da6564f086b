# Debian's cloud image: unattended-upgrades at work.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package unattended-upgrades /usr/bin/unattended-upgrade
printf 'APT::Periodic::Unattended-Upgrade "1";\n' >/etc/apt/apt.conf.d/20auto-upgrades
