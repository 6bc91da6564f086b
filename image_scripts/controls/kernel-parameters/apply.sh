#!/bin/sh
# R3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

set_kernel_parameters kernel "Written by Hallmark (control kernel-parameters)." <"$HALLMARK_TABLE"
