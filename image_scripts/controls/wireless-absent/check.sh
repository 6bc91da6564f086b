#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"

# shellcheck disable=SC2086
check_denied $HM_MODULES
for firmware in /usr/lib/firmware/iwlwifi* /usr/lib/firmware/ath[0-9]*k* /usr/lib/firmware/rtlwifi /usr/lib/firmware/rtw[0-9]*; do
    [ ! -e "$firmware" ] || note "firmware: $firmware"
done
family_check
