#!/bin/sh
# R3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

limits=/etc/security/limits.d/zz-hallmark-resources.conf
slice=/etc/systemd/system/user-.slice.d/zz-hallmark.conf

# settings WHERE: SETTING<tab>VALUE of the table's rows for one place
settings() {
    while IFS="$TAB" read -r setting value where _; do
        [ "$where" != "$1" ] || printf '%s\t%s\n' "$setting" "$value"
    done <"$HALLMARK_TABLE"
}

settings session | while IFS="$TAB" read -r setting _; do
    leave_out "[^#[:space:]]+[[:space:]]+((soft|hard|-)[[:space:]]+${setting}([[:space:]]|\$)|-[[:space:]]*\$)" \
        /etc/security/limits.conf /etc/security/limits.d/*.conf
done
{
    echo "# Written by Hallmark (control resource-limits). root is not among everybody."
    settings session | while IFS="$TAB" read -r setting value; do
        printf '* hard %s %s\n* soft %s %s\n' "$setting" "$value" "$setting" "$value"
    done
} | write_file 644 root:root "$limits"

settings slice | while IFS="$TAB" read -r setting _; do
    leave_out "${setting}[[:space:]]*=" /etc/systemd/system.control/user-*.slice.d/*.conf /etc/systemd/system/user-*.slice \
        /etc/systemd/system/user-*.slice.d/*.conf /etc/systemd/system/slice.d/*.conf /run/systemd/system/user-*.slice.d/*.conf
done
{
    printf '# Written by Hallmark (control resource-limits).\n[Slice]\n'
    settings slice | tr '\t' =
} | write_file 644 root:root "$slice"
