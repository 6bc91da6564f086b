#!/bin/sh
# One build, in the guest: prove the isolation, patch, install, harden, check, seal. Run by bootstrap.sh from verified
# media. What it measures goes to HALLMARK_RESULTS; the host judges.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"
export HALLMARK_PHASE=build

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/build.env"

# Nothing but this script may act while the image is built: no job of the day, which may come at any hour. Only the deadline's
# own timer stays.
systemctl list-units --all --type=timer --plain --no-legend --no-pager | awk '$1 != "hallmark-deadline.timer" { print $1 }' |
    xargs -r systemctl stop

stage isolation
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation.txt" "$HALLMARK_EXPECT"
write_inventory before

stage patch
sh "$HALLMARK_SCRIPTS/patch.sh"
write_inventory patched

stage harden
sh "$HALLMARK_SCRIPTS/controls.sh" apply "$HALLMARK_RESULTS/apply"

stage boot-files
sh "$HALLMARK_SCRIPTS/boot_files.sh"

# A machine says later, when it is looked at again, of which image it is.
printf '%s\n' "$HALLMARK_IMAGE" | write_file 644 root:root "$HALLMARK_RECORDS/image"

# What machines compare themselves with: made of the finished tree, before anybody has had it.
if [ -e /etc/aide/aide.conf ]; then
    progress integrity 0 0 "hashes of all programs"
    # With the permissions that each boot gives them.
    permissions=/etc/tmpfiles.d/hallmark-permissions.conf
    [ ! -e "$permissions" ] || systemd-tmpfiles --create "$permissions"
    sh "$HALLMARK_SCRIPTS/controls/file-integrity/database.sh"
fi

# What is judged is the sealed image: nothing but a look follows.
stage seal
sh "$HALLMARK_SCRIPTS/seal.sh"

stage check
sh "$HALLMARK_SCRIPTS/controls.sh" check "$HALLMARK_RESULTS/controls"
write_inventory after
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation-after.txt" "$HALLMARK_EXPECT"
stage 'done'
