#!/bin/sh
# R1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# drop_acls PATH...: there is no setfacl in a minimal system
drop_acls() {
    python3 -I - "$@" <<'END'
import os, sys
for path in sys.argv[1:]:
    for name in os.listxattr(path, follow_symlinks=False):
        if name.startswith("system.posix_acl_"):
            os.removexattr(path, name, follow_symlinks=False)
END
}

# shared USER GID: whether others are in an account's own group
shared() {
    awk -F : -v user="$1" -v gid="$2" '
        FILENAME == "/etc/passwd" ? $4 == gid && $1 != user : $3 == gid && $4 != "" && $4 != user { found = 1 }
        END { exit !found }
    ' /etc/passwd /etc/group
}

set --
while IFS=: read -r user _ uid gid _ home _; do
    [ "$uid" = 0 ] || { [ "$uid" -ge 1000 ] && [ "$uid" -lt 60000 ]; } || continue
    # A link is left for the check to find: where the home should be, nobody here knows.
    if [ ! -d "$home" ] || [ -L "$home" ] || [ "$home" = / ]; then
        continue
    fi
    set -- "$@" "$home"
    chown -h "$uid:$gid" "$home"
    if [ "$uid" = 0 ] || [ "$HM_MOST" = 0700 ] || shared "$user" "$gid"; then
        chmod go= "$home"
    else
        chmod g-w,o= "$home"
    fi
    for place in "$home" "$home/.ssh" "$home/.config"; do
        if [ ! -d "$place" ] || [ -L "$place" ]; then
            continue
        fi
        depth=9 name='*'
        [ "$place" != "$home" ] || depth=1 name='.*'
        find "$place" -mindepth 1 -maxdepth $depth -name "$name" ! -type l ! -uid 0 ! -uid "$uid" -exec chown -h "$uid:$gid" {} +
        find "$place" -mindepth 1 -maxdepth $depth -name "$name" ! -type l -perm /022 -exec chmod go-w {} +
    done
    find "$home" -mindepth 1 -maxdepth 1 -name '.*' -type f -perm /037 -exec chmod g-wx,o= {} +
done </etc/passwd
# Homes to come.
if [ "$(grep -E '^[[:space:]]*HOME_MODE[[:space:]]' /etc/login.defs | tr -s '[:space:]' ' ')" != 'HOME_MODE 0700 ' ]; then
    sed -i -E '/^[[:space:]]*HOME_MODE([[:space:]]|$)/d' /etc/login.defs
    echo 'HOME_MODE 0700' >>/etc/login.defs
fi
if [ -f /etc/adduser.conf ]; then
    sed -i -E 's/^[[:space:]]*(SYS_)?DIR_MODE[[:space:]]*=/# set by Hallmark: &/' /etc/adduser.conf
fi
chown -R root:root /etc/skel
chmod -R go-w /etc/skel
find /etc/skel -type f -perm /037 -exec chmod g-wx,o= {} +
drop_acls /etc/skel "$@"

# Folders of root's PATH, and those above them.
# shellcheck disable=SC2016 # for that shell
su -l root -c 'echo "PATH=$PATH"' | sed -n 's/^PATH=//p' | tr ':' '\n' | while IFS= read -r folder; do
    case $folder in
        /?*) ;;
        *) continue ;;
    esac
    folder=$(readlink -f "$folder")
    while [ -d "$folder" ] && [ "$folder" != / ]; do
        [ "$(stat -c %u "$folder")" = 0 ] || chown root:root "$folder"
        [ -k "$folder" ] || chmod go-w "$folder"
        folder=${folder%/*}
        folder=${folder:-/}
    done
done
