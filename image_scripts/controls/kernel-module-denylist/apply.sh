#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -n "$HM_MODULES" ] || fail "modules: expected at least one kernel module, got none; set it in the recipe's parameters"
# shellcheck disable=SC2086
deny_modules hallmark-mitigation.conf "A mitigation: vulnerable, and not patched yet; see the recipe." $HM_MODULES
