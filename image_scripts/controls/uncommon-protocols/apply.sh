#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# shellcheck disable=SC2086
deny_modules hallmark-uncommon.conf "Uncommon protocols and file systems, and what is plugged in; they are part of the kernel's package." \
    $HM_PROTOCOLS $HM_FILESYSTEMS $HM_REMOVABLE
