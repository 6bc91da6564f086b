#!/bin/sh
# What one would write first: from a local repository install each patch, then each package of the recipe, then harden, check
# and seal. Every package is a transaction of its own and every trigger runs each time. As hardening changes what the initial
# RAM disk is to know (/etc/modprobe.d), that is made once more in the end. Only what the measurement compares against; the
# same media, bootstrap, controls and sealing as the real build.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"
export HALLMARK_PHASE=build

stage repository
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
printf 'deb [trusted=yes] file:%s ./\n' "$HALLMARK_MEDIA" >/etc/apt/sources.list
apt-get update
write_inventory before

stage patch
n=0
total=$(wc -l <"$HALLMARK_PLAN/naive-patches")
while read -r package version; do
    n=$((n + 1))
    progress patch "$n" "$total" "$package"
    # An earlier transaction may have brought it along.
    [ "$(dpkg-query -W -f '${Version}' "$package")" != "$version" ] || continue
    apt-get install -y --only-upgrade "$package" </dev/null
done <"$HALLMARK_PLAN/naive-patches"

stage packages
while read -r package; do
    progress packages 0 0 "$package"
    apt-get install -y --no-install-recommends "$package" </dev/null
done <"$HALLMARK_PLAN/wanted"

stage old-kernel
# shellcheck disable=SC2046
[ ! -s "$HALLMARK_PLAN/superseded" ] || apt-get purge -y $(cat "$HALLMARK_PLAN/superseded")
rm /etc/apt/sources.list
write_inventory patched

stage harden
sh "$HALLMARK_SCRIPTS/controls.sh" apply "$HALLMARK_RESULTS/apply"

stage boot-files
update-initramfs -u
image=$(find /boot -name 'initrd.img-*' | sort -V | tail -n 1)
{ find /boot -name 'initrd.img-*' -printf '%f\n' && find /etc/modprobe.d -newer "$image"; } >"$HALLMARK_RESULTS/initramfs.txt"

stage check
sh "$HALLMARK_SCRIPTS/controls.sh" check "$HALLMARK_RESULTS/controls"
write_inventory after

stage seal
sh "$HALLMARK_SCRIPTS/seal.sh"
stage 'done'
