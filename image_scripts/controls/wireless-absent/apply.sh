#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"

family_apply
# shellcheck disable=SC2086
deny_modules hallmark-wireless.conf "Wireless networking; the drivers are part of the kernel's package." $HM_MODULES
