#!/bin/sh
# Somebody on the network keeps guessing at SSH. He is banned: in the kernel and in fail2ban's database, while his neighbour is
# not, and the host's firewall made anew changes nothing of it. He comes over a cable between two networks of this machine.
set -eu

here=203.0.113.1 there=203.0.113.66 neighbour=203.0.113.67
work=$(mktemp -d)
unshare --net sleep 600 &
stranger=$!
clean_up() {
    fail2ban-client unban "$there" "$neighbour" >/dev/null || true
    kill "$stranger" || true
    ip link delete hallmark0 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
ssh-keygen -q -t ed25519 -N '' -f "$work/key"

until [ "$(readlink "/proc/$stranger/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
    sleep 0.1
done
outside() {
    nsenter --net="/proc/$stranger/ns/net" "$@"
}
ip link add hallmark0 type veth peer name hallmark1 netns "$stranger"
ip addr add "$here/24" dev hallmark0
ip link set hallmark0 up
outside ip addr add "$there/24" dev hallmark1
outside ip addr add "$neighbour/24" dev hallmark1
outside ip link set hallmark1 up

# guess FROM NAME: one connection with a key that opens nothing; a ban in the middle of it would leave ssh waiting
guess() {
    outside timeout 20 ssh -b "$1" -i "$work/key" -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$2@$here" true 2>&1
}

banned() {
    nft list table inet f2b-table 2>/dev/null | grep -Fqw "$there"
}

# At first sshd's own penalties turn him away for some seconds; he comes back.
n=0
until banned; do
    n=$((n + 1))
    [ "$n" -le 60 ] || { echo "60 guesses, and no ban" && exit 1; }
    if answer=$(guess "$there" "guess$n"); then
        echo "a guess opened the door"
        exit 1
    fi
    echo "guess $n: $answer"
    sleep 1
done
nft list table inet f2b-table
fail2ban-client status sshd

python3 -I -c '
import sqlite3, sys
with sqlite3.connect("file:/var/lib/fail2ban/fail2ban.sqlite3?mode=ro", uri=True) as database:
    bans = database.execute("SELECT jail, ip, bantime FROM bans WHERE ip = ?", sys.argv[1:]).fetchall()
print("in the database:", bans)
sys.exit(not bans)
' "$there"

# Not even a connection, now: the kernel would answer at once. From the address beside it there is one, and a refusal.
answer=$(outside python3 -I -c '
import socket, sys
socket.create_connection((sys.argv[1], 22), timeout=3, source_address=(sys.argv[2], 0))
' "$here" "$there" 2>&1) && exit 1
echo "banned: ${answer##*
}"
case $answer in
    *TimeoutError*) ;;
    *) exit 1 ;;
esac
answer=$(guess "$neighbour" ada) && exit 1
echo "his neighbour: $answer"
case $answer in
    *'Permission denied'*) ;;
    *) exit 1 ;;
esac

if systemctl cat hallmark-firewall.service >/dev/null 2>&1; then
    systemctl reload hallmark-firewall.service
    banned || { echo "the host's firewall has lifted the ban" && exit 1; }
fi

fail2ban-client unban "$there"
! banned || { echo "the ban was taken back, and is still in the kernel" && exit 1; }
answer=$(guess "$there" ada) && exit 1
echo "after the ban: $answer"
