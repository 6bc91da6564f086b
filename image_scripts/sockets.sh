# shellcheck shell=sh
# What listens on this machine, as the kernel lists it. Sourced after lib.sh. The shell reads the tables itself: no process.

# all_sockets: "tcp|udp|udplite|raw|packet ADDRESS PORT INODE" for each TCP socket that listens, each UDP socket without a peer, and each
# that reads packets past the firewall (for a port it has its protocol); IPv6 addresses are given as the kernel writes them, in
# hexadecimal, but for :: and ::1.
all_sockets() {
    for _family in '' 6; do
        _sockets tcp 0A "/proc/net/tcp$_family"
        for _kind in udp udplite raw; do
            _sockets "$_kind" 07 "/proc/net/$_kind$_family"
        done
    done
    [ ! -r /proc/net/packet ] || while read -r _socket _ _ _protocol _ _ _ _ _inode _; do
        [ "$_socket" = sk ] || printf 'packet any 0x%s %s\n' "$_protocol" "$_inode"
    done </proc/net/packet
}

# undeclared_sockets: those of all_sockets that HM_DECLARED, HM_DECLARED_LOCAL and HM_LOCAL do not allow, nor HM_CLIENTS to
# HM_CLIENT_PROGRAMS, which may read packets too.
undeclared_sockets() {
    _theirs=
    all_sockets | while read -r _proto _address _port _inode; do
        case $_address in
            *:*) _place=[$_address]:$_port/$_proto ;;
            *) _place=$_address:$_port/$_proto ;;
        esac
        _client=
        case $_proto in
            raw | packet) _client=yes ;;
            *) ! contains "$HM_CLIENTS" "$_port/$_proto" || _client=yes ;;
        esac
        [ -z "$_client" ] || [ -n "$_theirs" ] || _theirs=$(client_sockets)
        contains "$HM_DECLARED" "$_port/$_proto" || contains "$HM_DECLARED_LOCAL" "$_place" ||
            contains "$HM_LOCAL" "$_address:$_port" || { [ -n "$_client" ] && contains "$_theirs" "$_inode"; } ||
            printf '%s %s %s %s\n' "$_proto" "$_address" "$_port" "$_inode"
    done
}

# client_sockets: the inodes of the sockets that HM_CLIENT_PROGRAMS hold, as words; a program that was patched since is called deleted.
client_sockets() {
    printf none
    for _program in $HM_CLIENT_PROGRAMS; do
        find /proc/[0-9]*/exe \( -lname "$_program" -o -lname "$_program (deleted)" \) 2>/dev/null | while read -r _exe; do
            find "${_exe%exe}fd" -lname 'socket:*' -printf ' %l' | sed 's/socket:\[\([0-9]*\)\]/\1/g'
        done
    done
}

# resolver_speaks: those of LLMNR and MulticastDNS that systemd-resolved would answer, as all its files together say; nothing
# when it is not there, or the recipe declares the port.
resolver_speaks() {
    [ -x /usr/lib/systemd/systemd-resolved ] || return 0
    _llmnr=LLMNR _mdns=MulticastDNS
    _section=
    while IFS='= ' read -r _key _value _; do
        case $_key=$_value in
            '#='* | '['*) _section=$_key ;; # a file begins with its name, and outside of any section
            *) [ "$_section" = '[Resolve]' ] || continue ;;
        esac
        case $_key=$_value in
            LLMNR=no | LLMNR=false | LLMNR=0) _llmnr= ;;
            LLMNR=*) _llmnr=LLMNR ;;
            MulticastDNS=no | MulticastDNS=false | MulticastDNS=0) _mdns= ;;
            MulticastDNS=*) _mdns=MulticastDNS ;;
        esac
    done <<END
$(systemd-analyze cat-config --tldr systemd/resolved.conf 2>/dev/null || true)
END
    ! contains "$HM_DECLARED" 5355/udp || _llmnr=
    ! contains "$HM_DECLARED" 5353/udp || _mdns=
    [ -z "$_llmnr$_mdns" ] || printf '%s\n' "$_llmnr $_mdns"
}

_sockets() {
    [ -r "$3" ] || return 0
    while read -r _slot _local _ _state _ _ _ _ _ _inode _; do
        [ "$_state" = "$2" ] || continue
        _readable "${_local%:*}"
        printf '%s %s %s %s\n' "$1" "$_readable" "$((0x${_local#*:}))" "$_inode"
    done <"$3"
}

# _readable HEX: an address of the kernel's tables, in $_readable. IPv4 is a number in this machine's byte order.
_readable() {
    case $1 in
        00000000000000000000000000000000) _readable=:: ;;
        00000000000000000000000001000000) _readable=::1 ;;
        ????????) _readable=$((0x$1 & 255)).$((0x$1 >> 8 & 255)).$((0x$1 >> 16 & 255)).$((0x$1 >> 24 & 255)) ;;
        *) _readable=$1 ;;
    esac
}
