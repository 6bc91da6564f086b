#!/bin/sh
# Looks at a disk again, in the guest: it has booted an overlay of it; run the checks and write down what they say. Nothing here
# judges: the host does. Run by bootstrap.sh from verified media.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"
export HALLMARK_PHASE=drift

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/build.env"

stage boot
timeout "$HALLMARK_BOOT_SECONDS" systemctl is-system-running --wait >"$HALLMARK_RESULTS/system-state" || true

# As on a live machine: these media are only how the checks come in.
HALLMARK_MEDIA=
export HALLMARK_MEDIA

stage check
sh "$HALLMARK_SCRIPTS/controls.sh" check "$HALLMARK_RESULTS/controls"
stage 'done'
