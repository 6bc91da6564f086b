#!/bin/sh
# A6, A8: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
# shellcheck source=image_scripts/controls/console-sign-in/consoles.sh
. "$HALLMARK_CONTROL/consoles.sh"

openings | while read -r file; do
    note "removing $file"
    rm -f "$file"
done
shells_on_boot | while read -r file; do
    note "$file: no shell that asks nobody"
    sed -i -E "s/[[:space:]]*($boot_words)[^\"'[:space:]]*//g" "$file"
done
mask_unit debug-shell.service "part of systemd, which is needed; it is a shell of root's that asks nobody"
if [ "$HM_SIGN_IN" = no ]; then
    for unit in $prompts; do
        mask_unit "$unit" "part of systemd, which is needed; the recipe wants no prompt on the console"
    done
fi
