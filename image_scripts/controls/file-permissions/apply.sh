#!/bin/sh
# R2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

overrides=/var/lib/dpkg/statoverride

# override USER GROUP MODE PATH: what dpkg gives the path whenever it unpacks it
override() {
    case $known in
        *"
$1 $2 ${3#0} $4
"*) return 0 ;;
        *" $4
"*) dpkg-statoverride --quiet --remove "$4" ;;
    esac
    dpkg-statoverride --quiet --force-statoverride-add --add "$1" "$2" "$3" "$4"
}

known="
$(cat "$overrides" 2>/dev/null || true)
"
groups=$(cut -d : -f 1 /etc/group | tr '\n' ' ')
lines=
while IFS="$TAB" read -r pattern most user group kept _; do
    contains "$groups" "$group" || group=root
    set --
    # shellcheck disable=SC2086 # a pattern
    for path in $pattern; do
        if [ -e "$path" ] && [ ! -L "$path" ]; then
            set -- "$@" "$path"
        fi
    done
    [ $# -eq 0 ] || stat -c '%U %G %a %n' "$@" | while read -r owner owners mode path; do
        if [ "$owner" != root ] && [ "$owner" != "$user" ]; then
            chown "$user" "$path"
        fi
        if [ "$owners" != root ] && [ "$owners" != "$group" ]; then
            chgrp "$group" "$path"
        fi
        [ "$((0$mode))" -eq "$((0$mode & 07$most))" ] || chmod "$(printf '%04o' "$((0$mode & 07$most))")" "$path"
        case $kept in
            dpkg) override "$user" "$group" "$most" "$path" ;;
        esac
    done
    case $kept in
        boot) lines="${lines}z $pattern $most $user $group
" ;;
        # Made before the program makes it, as its own way would leave it open.
        log) lines="${lines}f $pattern $most $user $group
" ;;
    esac
done <"$HALLMARK_TABLE"
printf '# Written by Hallmark (control file-permissions).\n%s' "$lines" | write_file 644 root:root /etc/tmpfiles.d/hallmark-permissions.conf

# What is made anew when a log is rotated.
for file in /etc/logrotate.conf /etc/logrotate.d/*; do
    if [ -f "$file" ] && grep -qE '^[[:space:]]*create[[:space:]]+0?6[0-7][4-7][[:space:]]+root[[:space:]]+(root|adm)' "$file"; then
        sed -i -E 's/^([[:space:]]*create[[:space:]]+)0?6[0-7][4-7][[:space:]]+root[[:space:]]+(root|adm)/\1640 root adm/' "$file"
    fi
done
# Access control lists; there is no setfacl in a minimal system.
cut -f 1 "$HALLMARK_TABLE" | python3 -I -c '
import glob, os, sys
for line in sys.stdin:
    for path in glob.glob(line.strip()):
        if not path.startswith("/var/log/journal/"):
            try:
                os.removexattr(path, "system.posix_acl_access", follow_symlinks=False)
            except OSError:
                pass
'
