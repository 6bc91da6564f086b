#!/bin/sh
# L5: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

profiles=/etc/apparmor.d
mkdir -p "$profiles/disable"
[ ! -d "$profiles/force-complain" ] || find "$profiles/force-complain" -mindepth 1 -delete

set --
for name in $HM_ENFORCED; do
    # What the package has compiled of it may carry the same date as the changed profile, once the image is sealed.
    for compiled in /var/cache/apparmor/*/"$name"; do
        [ ! -e "$compiled" ] || rm -f "$compiled"
    done
    set -- "$@" "$profiles/$name"
done
edit_files '/\{[[:space:]]*$/{
    s/\bcomplain\b,?[[:space:]]*//g
    s/,?[[:space:]]*\)/)/
    s/(flags[[:space:]]*=[[:space:]]*)?\(\)[[:space:]]*//
}' "$@"

# The files with a profile that does not enforce, by the flags before its brace.
idle=$(find "$profiles" -maxdepth 1 -type f -exec awk '
    /^[[:space:]]*#/ { next }
    /\([^)]*(complain|unconfined|kill|prompt|default_allow)[^)]*\)[[:space:]]*\{/ && !seen[FILENAME]++ { print FILENAME }
' {} +)
idle=" $(printf '%s' "$idle" | tr '\n' ' ') "
for file in "$profiles"/*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    if contains "$HM_DISABLED" "$name" || contains "$idle" "$file"; then
        [ -L "$profiles/disable/$name" ] || ln -sf "$file" "$profiles/disable/$name"
    elif [ -e "$profiles/disable/$name" ] || [ -L "$profiles/disable/$name" ]; then
        rm -f "$profiles/disable/$name"
    fi
done

package_unit_alone apparmor.service
enable_units apparmor.service
set_boot_words apparmor "AppArmor, whatever the kernel's default is." apparmor=1 security=apparmor
write_file 644 root:root /etc/sysctl.d/zz-hallmark-apparmor.conf <<'END'
# Nobody unconfined picks himself a profile (or "unconfined" inside of one). Older kernels do not know it.
-kernel.apparmor_restrict_unprivileged_unconfined = 1
END
