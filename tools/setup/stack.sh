#!/bin/sh
# The stack `local`, made once, so that a bare `pulumi preview` finds it before the first image.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/tools/setup/common.sh"

[ ! -e "$root/.hallmark/state/.pulumi/stacks/hallmark/local.json" ] || exit 0
cd "$root"
unset PULUMI_BACKEND_URL # elsewhere `hallmark up` makes the stack when it is wanted
. ./env
pulumi stack select --create --non-interactive local >/dev/null ||
    die 'Pulumi could not make the stack "local" (its own words are above)'
