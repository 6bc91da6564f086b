#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HALLMARK_PHASE" != drift ] || [ -n "$HALLMARK_MEDIA" ] || exit 0
mount -o remount,bind,ro "$HALLMARK_MEDIA"
