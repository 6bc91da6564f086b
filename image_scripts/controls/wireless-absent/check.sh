#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"
. "$HALLMARK_CONTROL/firmware.sh"

# shellcheck disable=SC2086
check_denied $HM_MODULES
for file in $(wireless_firmware); do
    finding "firmware $file is present"
done
family_check
