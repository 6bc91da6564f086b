#!/bin/sh
# A4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

# The folder, too: who may write it may put another file in a key's place.
loose=$(find /etc/ssh -maxdepth 1 \( -path /etc/ssh -o -name 'ssh_host_*_key' \) \
    \( ! -user root -o ! -group root -o -perm /022 -o -name '*_key' \( ! -type f -o -perm /177 \) \) -printf '%p (%y %u:%g %m)\n')
[ -z "$loose" ] || finding "host keys: expected regular files of root:root with 0600, got: $loose"

# homes: UID<TAB>HOME of root and of people
homes() {
    awk -F : -v OFS='\t' '($3 == 0 || ($3 >= 1000 && $3 < 60000)) && $6 ~ /^\/./ { print $3, $6 }' /etc/passwd
}

# check_home UID HOME
check_home() {
    [ ! -L "$2/.ssh" ] || finding "$2/.ssh: expected a folder, got a link to $(readlink "$2/.ssh")"
    if [ -d "$2/.ssh" ]; then
        loose=$(
            find "$2" "$2/.ssh" -maxdepth 0 \( ! -uid "$1" -o -perm /022 \) -printf '%p (%U %m)\n'
            find "$2/.ssh" -maxdepth 0 -perm /077 -printf '%p (%U %m)\n'
            find "$2/.ssh" -mindepth 1 \( ! -uid "$1" -o ! -type l -perm /022 \) -printf '%p (%U %m)\n'
        )
        [ -z "$loose" ] || finding "$2: open to others than its owner: $loose"
    fi
    keys=$(private_keys "$2")
    [ -n "$keys" ] || return 0
    while IFS= read -r key; do
        loose=$(find "$key" -maxdepth 0 \( ! -uid "$1" -o -perm /077 -o ! -type f \) -printf '%U %m')
        [ -z "$loose" ] || finding "$key: a private key; expected of user $1 with 0600, got $loose"
    done <<END
$keys
END
}

while IFS='	' read -r uid home; do
    [ ! -d "$home" ] || check_home "$uid" "$home"
done <<END
$(homes)
END
conclude "private keys are their owners' alone"
