#!/bin/sh
# Takes out of the image whatever belongs to this one machine and this one run, so that each machine launched from it
# starts its own life: identity, keys, logs, caches, leases, histories, cloud-init's state, random seed, free space.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
# It empties folders by absolute path: never anywhere but in a guest that bootstrap.sh has started.
if [ "${HALLMARK_MODE-}" != build ] || [ ! -d /run/hallmark/media ]; then
    echo "seal: expected to run in a build's guest" >&2
    exit 1
fi

progress seal 0 0 "taking out what belongs to this run"
journalctl -q --relinquish-var 2>/dev/null || true
find /var/log -type f -delete
rm -rf /var/log/journal/*

printf 'uninitialized\n' >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -rf /var/lib/cloud/* /run/cloud-init
rm -f /etc/systemd/network/10-cloud-init* /etc/netplan/50-cloud-init.yaml /etc/sudoers.d/90-cloud-init-users \
    /etc/ssh/sshd_config.d/50-cloud-init.conf
printf 'localhost\n' >/etc/hostname
rm -rf /var/lib/dhcp/* /var/lib/dhcpcd/* /var/lib/systemd/network/* /var/lib/systemd/timers/* \
    /var/lib/systemd/timesync/* /var/lib/private/systemd/timesync/*
rm -rf /var/lib/faillock/* /var/lib/fail2ban/*
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
for home in /root /home/*; do
    rm -rf "$home/.cache" "$home/.bash_history" "$home/.lesshst" "$home/.viminfo" "$home/.python_history" \
        "$home/.wget-hsts" "$home/.ssh/known_hosts" "$home/.ssh/authorized_keys"
done
# Also systemd's private folders: they carry this boot's own number. Services that still run keep theirs open.
find /tmp /var/tmp -mindepth 1 -maxdepth 1 -exec rm -rf {} +

# What this run has made or changed, on any partition, gets the date of the newest kernel's package, so that two builds
# give the same dates.
kernel=$(find /boot -maxdepth 1 -name 'vmlinuz-*' | sort -V | tail -n 1)
started=$(sed -n 's/^btime //p' /proc/stat)
# shellcheck disable=SC2046
find $(file_systems) -xdev -newermt "@$started" -print0 | xargs -0r touch --no-dereference --date="@$(stat -c %Y "$kernel")"

sync
fstrim -a || true
