#!/bin/sh
# The file backend of this checkout and its passphrase: random, made once, readable by its owner alone.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/tools/setup/common.sh"

state=$root/.hallmark
mkdir -p "$state/state"
[ ! -s "$state/passphrase" ] || exit 0

umask 077
head -c 32 /dev/urandom | base64 >"$state/passphrase.new"
# A salt made with an earlier passphrase would be refused; Pulumi makes a new one.
config=$root/stacks/Pulumi.local.yaml
if [ -f "$config" ] && grep -q '^encryptionsalt:' "$config"; then
    grep -v '^encryptionsalt:' "$config" >"$config.new" || :
    mv "$config.new" "$config"
fi
mv "$state/passphrase.new" "$state/passphrase"
