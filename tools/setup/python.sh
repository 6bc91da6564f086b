#!/bin/sh
# Makes .venv with exactly what the lock files list, by hash, and Hallmark itself in it (editable).
# The stamp is written last: an environment without it, or with another one, is made anew.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/tools/setup/common.sh"

venv=$root/.venv
cd "$root"
stamp="$root $(cat requirements.txt requirements-dev.txt pyproject.toml tools/setup/python.sh | sha256sum)"
if [ -x "$venv/bin/python" ] && [ -f "$venv/hallmark.stamp" ]; then
    read -r made <"$venv/hallmark.stamp"
    [ "$made" != "$stamp" ] || exit 0
fi

python=$(find_python) ||
    die 'Python: expected 3.11 or newer with its venv module (on Debian: python3-venv); name another one with HALLMARK_PYTHON=/path/to/python3'
for lock in "$root"/.hallmark/up-*.lock; do
    [ ! -e "$lock" ] || flock --nonblock "$lock" true ||
        die "a run of this checkout is under way ($lock), and works with the .venv that has to be made anew; wait for its end"
done
say "making .venv with $("$python" -V)"
rm -rf "$venv"
"$python" -m venv "$venv" >&2
pip() {
    "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@" >&2 </dev/null
}
pip install --require-hashes --requirement requirements.txt --requirement requirements-dev.txt ||
    die 'pip could not install the locked requirements (its own words are above); run make again to retry'
pip install --no-deps --no-build-isolation --editable . || die 'pip could not install Hallmark itself (its own words are above)'
printf '%s\n' "$stamp" >"$venv/.stamp"
mv "$venv/.stamp" "$venv/hallmark.stamp"
