#!/bin/sh
# Has an image judged that was accepted before, in the guest: it has booted as a new machine; run the judges that are not
# ours, and write down what they left. Run by bootstrap.sh from verified media.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/build.env"

stage boot
timeout "$HALLMARK_BOOT_SECONDS" systemctl is-system-running --wait >"$HALLMARK_RESULTS/system-state" || true

stage isolation
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation.txt" "$HALLMARK_EXPECT"

stage judges
sh "$HALLMARK_SCRIPTS/judges.sh" "$HALLMARK_RESULTS/judges"
stage 'done'
