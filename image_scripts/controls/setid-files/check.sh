#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# one path a line
set -f
IFS='
'

count=0
# shellcheck disable=SC2046
found=$(find $(file_systems) -xdev -type f -perm /6000)
for file in $found; do
    count=$((count + 1))
    contains "$HM_FILES" "$file" || finding "$file is setuid or setgid, which the recipe does not declare"
done
# shellcheck disable=SC2046
capable=$(find $(file_systems) -xdev -type f -exec getcap {} +)
for line in $capable; do
    file=${line% *}
    contains "$HM_CAPABILITIES" "$file:${line##* }" ||
        finding "$file has ${line##* }, which the recipe does not declare (setid-files: capabilities)"
done
conclude "$count setuid or setgid file(s), all declared: $HM_FILES"
