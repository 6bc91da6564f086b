#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"
. "$HALLMARK_SCRIPTS/sockets.sh"

# processes_of INODE: the ids of the processes that hold a socket
processes_of() {
    find /proc/[0-9]*/fd -lname "socket:\\[$1\\]" 2>/dev/null | cut -d/ -f3 | sort -u
}

# unit_of PID: the systemd unit that a process belongs to; empty when none does
unit_of() {
    unit=
    while IFS= read -r line; do
        line=${line##*/}
        case $line in
            *.service) unit=$line ;;
        esac
    done <"/proc/$1/cgroup"
    [ -z "$unit" ] || [ -e "/usr/lib/systemd/system/$unit" ] || [ -e "/etc/systemd/system/$unit" ] || unit=
}

# remove_unit UNIT: with its package, or masked where that must stay or is not known
remove_unit() {
    owner=$(dpkg-query -S "/usr/lib/systemd/system/$1" 2>/dev/null) || owner=
    # In a process of its own: a refusal to purge what the machine needs ends only that.
    # shellcheck disable=SC2030,SC2031
    if [ -z "$owner" ] || ! (purge_packages "${owner%%:*}"); then
        mask_unit "$1" "listens, is not declared, and its package cannot be removed"
        [ ! -d /run/systemd/system ] || systemctl daemon-reload
        [ ! -d /run/systemd/system ] || systemctl stop "$1"
    fi
}

undeclared_sockets | while read -r proto address port inode; do
    note "$proto $address:$port is not declared"
    for pid in $(processes_of "$inode"); do
        if [ "$pid" = 1 ]; then
            for unit in $(systemctl list-sockets --no-legend --no-pager 2>/dev/null | awk -v end=":$port" 'substr($1, length($1) - length(end) + 1) == end { print $2 }'); do
                remove_unit "$unit"
            done
            continue
        fi
        [ -e "/proc/$pid/cgroup" ] || continue
        unit_of "$pid"
        [ -z "$unit" ] || remove_unit "$unit"
        kill "$pid" 2>/dev/null || true
    done
done

# Killed processes need a moment to let go of their sockets.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(undeclared_sockets)" ] || exit 0
    sleep 0.2
done
undeclared_sockets
fail "these sockets still listen"
