#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"

family_apply
