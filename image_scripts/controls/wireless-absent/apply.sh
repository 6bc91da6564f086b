#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"
. "$HALLMARK_CONTROL/firmware.sh"

family_apply
# shellcheck disable=SC2046
remove_programs $(wireless_firmware)
# shellcheck disable=SC2086
deny_modules hallmark-wireless.conf "Wireless networking; the drivers are part of the kernel's package." $HM_MODULES
