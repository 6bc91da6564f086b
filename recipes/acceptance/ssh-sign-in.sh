#!/bin/sh
# The administrator signs in over SSH with a key; nobody is offered a password, and root does not get in at all.
set -eu

user=ada
home=$(getent passwd "$user" | cut -d: -f6)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
install -m 600 -o "$user" -g "$user" "$work/key.pub" "$home/.ssh/authorized_keys"

sign_in() {
    ssh -i "$work/key" -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=60 \
        -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$work/known_hosts" "$@"
}

who=$(sign_in "$user@127.0.0.1" id -un)
echo "signed in by key as: $who"
[ "$who" = "$user" ]

offered=$(sign_in -o PubkeyAuthentication=no "$user@127.0.0.1" true 2>&1) && exit 1
echo "without a key: $offered"
case $offered in
    *'(publickey)'*) ;;
    *) exit 1 ;;
esac

if sign_in root@127.0.0.1 true; then
    echo "root signed in"
    exit 1
fi
echo "root: refused"
