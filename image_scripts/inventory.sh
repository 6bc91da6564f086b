#!/bin/sh
# The inventory of a base that cannot be looked into from outside: its own dpkg database, as it is. Nothing is changed.
# Run by bootstrap.sh from verified media.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/build.env"

stage isolation
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation.txt" "$HALLMARK_EXPECT"

stage inventory
cp /var/lib/dpkg/status "$HALLMARK_RESULTS/status"
stage 'done'
