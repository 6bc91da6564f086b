#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -n "$HM_MODULES" ] || fail "modules: expected at least one kernel module, got none"
# shellcheck disable=SC2086
check_denied $HM_MODULES
conclude "kept from loading until the fix is there: $HM_MODULES"
