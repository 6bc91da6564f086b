#!/bin/sh
# Brings this checkout to the point where `hallmark up local` works: Debian packages, .venv, the Pulumi CLI, state.
# Each part looks first and does nothing when nothing is missing; a half-finished one is begun again.
set -eu
umask 022
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
here=$root/tools/setup
. "$here/common.sh"

mkdir -p "$root/.hallmark"
exec 9>"$root/.hallmark/setup.lock"
flock -n 9 || {
    say 'another set-up is at work in this checkout; waiting for it'
    flock 9
}
"$here/packages.sh"
# Side by side, as neither needs the other: Go's downloads and pip's mostly wait. Ctrl-C ends both, which `&` would not do.
printf '%s\n' python.sh tools.sh | xargs -P 2 -I PART sh "$here/PART" || exit 3
"$here/state.sh"
"$here/stack.sh"
