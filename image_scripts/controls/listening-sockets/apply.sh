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

# remove_unit UNIT: with its package, or masked where no package owns it; never one that the machine needs
remove_unit() {
    owner=$(dpkg-query -S "/usr/lib/systemd/system/$1" 2>/dev/null) || owner=
    owner=${owner%%:*}
    if [ -n "$owner" ]; then
        ! matches "$HALLMARK_PROTECTED" "$owner" ||
            fail "$1 listens; its package $owner is needed, so configure it not to listen, or declare the port"
        purge_packages "$owner"
    else
        mask_unit "$1" "listens, is not declared, and belongs to no package"
        [ ! -d /run/systemd/system ] || systemctl daemon-reload
        [ ! -d /run/systemd/system ] || systemctl stop "$1"
    fi
}

# The resolver answers names of the local segment (LLMNR, multicast DNS) unless it is told not to.
quiet_resolver() {
    file=/etc/systemd/resolved.conf.d/zz-hallmark-quiet.conf
    [ -x /usr/lib/systemd/systemd-resolved ] || return 0
    [ ! -f "$file" ] || [ -n "$(resolver_speaks)" ] || return 0
    for other in /etc/systemd/resolved.conf /etc/systemd/resolved.conf.d/*.conf; do
        [ ! -f "$other" ] || sed -i -E '/^[[:space:]]*(LLMNR|MulticastDNS)[[:space:]]*=/d' "$other"
    done
    write_file 644 root:root "$file" <<'END'
# Nothing listens but what the recipe declares.
[Resolve]
LLMNR=no
MulticastDNS=no
END
    [ -d /run/systemd/system ] || return 0
    # It restarts while the other controls go on; until it has, its sockets are not ours to remove. The check looks again.
    systemctl --no-block try-restart systemd-resolved.service
    HM_CLIENTS="$HM_CLIENTS 5355/tcp 5355/udp 5353/udp"
}

quiet_resolver
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
