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
for word in $HM_REFUSED; do
    word=$(printf '%s' "$word" | sed "s/[.]/[.]/g; s/[?]/[^\"' ]/g; s/[*]/[^\"' ]*/g; s/[-_]/[-_]/g")
    expression="$expression;/^[^#]*GRUB_CMDLINE/s~([\"' ])$word([\"' ]|\$)~\\1\\2~g"
done
for file in /etc/default/grub /etc/default/grub.d/*.cfg; do
    [ ! -f "$file" ] || sed -i -E "${expression#;}" "$file"
done
