#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# shellcheck disable=SC2086
check_denied $HM_PROTOCOLS $HM_FILESYSTEMS $HM_REMOVABLE
conclude "kept from loading: $HM_PROTOCOLS $HM_FILESYSTEMS $HM_REMOVABLE"
