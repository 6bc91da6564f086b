#!/bin/sh
# A4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

for key in /etc/ssh/ssh_host_*_key; do
    if [ -L "$key" ] || { [ -e "$key" ] && [ ! -f "$key" ]; }; then
        rm -rf "$key"
    elif [ -f "$key" ]; then
        chown root:root "$key"
        chmod 0600 "$key"
    fi
done

# The owner of a home's keys is the account, whoever put them there.
awk -F : '($3 == 0 || ($3 >= 1000 && $3 < 60000)) && $6 ~ /^\/./ { print $1 ":" $6 }' /etc/passwd |
    while IFS=: read -r user home; do
        [ -d "$home" ] || continue
        # A link in its place would be followed: whoever made it would have the mode of some other folder changed.
        [ ! -L "$home/.ssh" ] || rm -f "$home/.ssh"
        if [ -d "$home/.ssh" ]; then
            chown -hR "$user:" "$home/.ssh"
            find "$home/.ssh" ! -type l -perm /077 -exec chmod go-rwx {} +
            chmod u+rwx "$home/.ssh"
            chmod go-w "$home"
        fi
        private_keys "$home" | while IFS= read -r key; do
            chown -h "$user:" "$key"
            chmod go-rwx,u-x "$key"
        done
    done
