#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# one path a line
set -f
IFS='
'

# shellcheck disable=SC2046
find $(file_systems) -xdev -type f -exec getcap {} + | while IFS= read -r line; do
    file=${line% *}
    contains "$HM_CAPABILITIES" "$file:${line##* }" || {
        note "taking ${line##* } from $file"
        setcap -r "$file"
    }
done

set --
# Most files are data and modules that packages ship; one of them with such a bit would be no slip, and is left for the
# check to find, which looks everywhere.
# shellcheck disable=SC2046
found=$(find $(file_systems) -xdev \( -path /usr/share -o -path /usr/lib/modules -o -path '/usr/lib/python3*' \) -prune \
    -o -type f -perm /6000 -print)
for file in $found; do
    contains "$HM_FILES" "$file" || set -- "$@" "$file"
done
[ $# -gt 0 ] || exit 0

stat -c '%U %G %a %n' "$@" | while IFS=' ' read -r user group mode file; do
    note "taking setuid or setgid from $file ($user:$group $mode)"
    case $file in
        /usr/local/*) ;;
        /usr/*)
            mode=${mode#"${mode%???}"}
            dpkg-statoverride --quiet --force-statoverride-add --add "$user" "$group" "0$mode" "$file"
            ;;
    esac
done
chmod u-s,g-s "$@"
