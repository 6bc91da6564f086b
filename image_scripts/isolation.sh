#!/bin/sh
# Looks for a way out of this machine and writes what it finds to the file $1; exit code 1 when there is one.
# $2 is what to expect: `none`, no interface but loopback; `imds`, one interface that reaches the link-local services and
# nothing else. The addresses that it tries are reserved for documentation: no one answers there.
set -eu

report=$1
expect=$2
surprises=0

note() {
    printf '%s\n' "$*" >>"$report"
}

surprise() {
    note "SURPRISE: $*"
    surprises=1
}

: >"$report"
note "expected: $expect"

interfaces=$(ip -o link show | awk -F': ' '{ print $2 }' | grep -vx lo || true)
note "interfaces besides lo: ${interfaces:-none}"
routes=$(ip -o route show table all | grep -v 'dev lo' || true)
note "routes: ${routes:-none}"
note "IPv6 routes: $(ip -6 -o route show table all | grep -v 'dev lo' || echo none)"
note "counters: $(awk 'NR > 2 { sub(":", "", $1); print $1 " received " $2 " sent " $10 }' /proc/net/dev | tr '\n' ';')"

case $expect in
    none)
        [ -z "$interfaces" ] || surprise "an interface exists"
        [ -z "$routes" ] || surprise "a route leaves this machine"
        ;;
    imds)
        [ "$(printf '%s\n' "$interfaces" | grep -c .)" -eq 1 ] || surprise "expected one interface"
        ;;
    *)
        surprise "unknown expectation $expect"
        ;;
esac

if timeout 5 getent ahosts www.example.org >/dev/null; then
    surprise "a name was resolved"
else
    note "name resolution: none"
fi

for target in 192.0.2.1/443 198.51.100.1/80 203.0.113.1/53 2001:db8::1/443; do
    if timeout 3 bash -c "exec 3<>/dev/tcp/$target" 2>/dev/null; then
        surprise "connected to $target"
    else
        note "connection to $target: none"
    fi
done

# The host takes only a report with this last line for a whole one.
note "all probed"
exit "$surprises"
