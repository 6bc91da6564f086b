#!/bin/sh
# R3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

words=
while IFS="$TAB" read -r word value _; do
    [ "$value" = - ] || word=$word=$value
    words="$words $word"
done <"$HALLMARK_TABLE"
# shellcheck disable=SC2086 # a list of words
set_boot_words kernel "Written by Hallmark (control kernel-command-line)." $words

expression=
set -f
# shellcheck disable=SC2086 # a list of words
for word in $(printf '%s\n' $HM_REFUSED | sed "s/[.]/[.]/g; s/[?]/[^\"'[:blank:]]/g; s/[*]/[^\"'[:blank:]]*/g; s/[-_]/[-_]/g"); do
    expression="$expression;/^[^#]*GRUB_CMDLINE/s~([\"' ])$word([\"' ]|\$)~\\1\\2~g"
done
set +f
edit_files "${expression#;}" /etc/default/grub /etc/default/grub.d/*.cfg
