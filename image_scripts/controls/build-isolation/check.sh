#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HALLMARK_PHASE" != drift ] || not_applicable "a live server is meant to be reached"

up=
while IFS=': ' read -r _ name _; do
    [ -z "$name" ] || [ "$name" = lo ] || up="$up ${name%%@*}"
done <<END
$(ip -o link show up)
END
routes=0
while read -r interface _; do
    [ "$interface" = Iface ] || [ "$interface" = lo ] || routes=$((routes + 1))
done </proc/net/route

if [ "$HM_EXPECT" = none ]; then
    [ -z "$up" ] || finding "interfaces are up:$up"
    [ "$routes" = 0 ] || finding "$routes route(s) lead out of this machine"
    way=$(ip route get 192.0.2.1 2>/dev/null || true)
    [ -z "$way" ] || finding "an outside address has a route: $way"
else
    case ${up# } in
        *' '*) finding "expected at most one interface, got$up" ;;
    esac
fi

for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    [ -f "$file" ] || continue
    while read -r key address _; do
        [ "$key" = nameserver ] || continue
        case $address in
            127.* | ::1) ;;
            *)
                [ "$HM_EXPECT" = imds ] || finding "$file: a resolver outside: $address"
                # A lease may name the resolver of a network that has it switched off: what counts is that none answers.
                note "$file: names the resolver $address"
                ;;
        esac
    done <"$file"
done
if [ "$HM_EXPECT" = imds ] && timeout 5 getent ahosts www.example.org >/dev/null; then
    finding "a name was resolved"
fi

while read -r name received _; do
    case $name in
        *:) [ "$name" = lo: ] || note "counter: $name $received bytes received" ;;
    esac
done </proc/net/dev
conclude "expected: $HM_EXPECT; interfaces up besides loopback:${up:- none}; routes out: $routes"
