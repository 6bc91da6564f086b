#!/bin/sh
# Looks for a way out of this machine and writes what it finds to the file $1; exit code 1 when there is one.
# $2 is what to expect: `none`, no interface but loopback; `imds`, one interface that reaches EC2's metadata and time
# services and nothing else. HALLMARK_PROBES has what the host hands over, words ADDRESS/PORT=NAME: the region's own
# endpoints and the mirror, as the host has resolved them. There, and at public resolvers, something answers wherever
# there is a way; the report says so of each. Nothing answers at the addresses for documentation but what takes all.
# What may time out runs side by side. bash speaks TCP and UDP by itself: it runs this file again for that.
set -eu

metadata_service=169.254.169.254
time_service=169.254.169.123
public_resolvers='1.1.1.1 8.8.8.8 2606:4700:4700::1111'
# `what is the address of www.example.org?`, and `what time is it?`, for printf.
dns_query='HM\1\0\0\1\0\0\0\0\0\0\3www\7example\3org\0\0\1\0\1'
time_query='\43\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

note() {
    printf '%s\n' "$*" >>"$report"
}

surprise() {
    note "SURPRISE: $*"
    surprises=1
}

main() {
    report=$1 expect=$2 surprises=0 started=0
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    : >"$report"
    note "expected: $expect"
    for program in awk bash getent ip timeout; do
        command -v "$program" >/dev/null || surprise "$program is missing: nothing is proved without it"
    done
    look_around
    case $expect in
        none)
            [ -z "$interfaces" ] || surprise "an interface exists"
            [ -z "$routes" ] || surprise "a route leaves this machine"
            ;;
        imds) judge_link_local ;;
        *) surprise "unknown expectation $expect" ;;
    esac
    aside resolve_name
    for target in 192.0.2.1/443 198.51.100.1/80 203.0.113.1/53 2001:db8::1/443; do
        aside connect "$target" 'for documentation: answers only where something takes every connection'
    done
    for resolver in $public_resolvers; do
        aside connect "$resolver/53" 'a public resolver: answers where there is a way to the internet'
    done
    try_handed_over
    gather
    [ "$expect" = none ] || note "counters after: $(counters)"
    # The host takes only a report with this last line for a whole one.
    note "all probed"
    exit "$surprises"
}

try_handed_over() {
    note "addresses that the host has handed over: ${HALLMARK_PROBES:-none}"
    set -f
    for target in ${HALLMARK_PROBES:-}; do
        aside connect "${target%%=*}" "${target#*=}, as the host has resolved it: answers where there is a way to it"
    done
    set +f
}

look_around() {
    interfaces=$(ip -o link show | awk -F': ' '{ sub("@.*", "", $2); print $2 }' | grep -vx lo || true)
    note "interfaces besides lo: ${interfaces:-none}"
    routes=$(ip -o route show table all | grep -Ev ' dev lo( |$)' || true)
    note "routes: ${routes:-none}"
    routes6=$(ip -6 -o route show table all | grep -Ev ' dev lo( |$)' || true)
    note "IPv6 routes: ${routes6:-none}"
    note "counters: $(counters)"
}

counters() {
    awk 'NR > 2 { sub(":", "", $1); print $1 " received " $2 " sent " $10 }' /proc/net/dev | tr '\n' ';'
}

# --- probes side by side --------------------------------------------------------------------------------------------

# aside PROBE...: starts a probe, which prints what it finds; `gather` waits for all and takes their lines into the report.
aside() {
    started=$((started + 1))
    "$@" >"$scratch/$started" 2>/dev/null &
}

gather() {
    wait
    probe=0
    while [ "$probe" -lt "$started" ]; do
        probe=$((probe + 1))
        [ -s "$scratch/$probe" ] || surprise "a probe did not report"
        take_lines <"$scratch/$probe"
    done
}

# take_lines <TEXT: lines of probes into the report.
take_lines() {
    while IFS= read -r line; do
        case $line in
            SURPRISE:*) surprise "${line#SURPRISE: }" ;;
            *) note "$line" ;;
        esac
    done
}

resolve_name() {
    if timeout 5 getent ahosts www.example.org >/dev/null; then
        echo "SURPRISE: a name was resolved"
    else
        echo "name resolution: none"
    fi
}

# connect ADDRESS/PORT [WHO]: WHO is there, and when it answers.
connect() {
    if timeout 3 bash -c "exec 3<>/dev/tcp/$1"; then
        echo "SURPRISE: connected to $1${2:+ ($2)}"
    else
        echo "connection to $1${2:+ ($2)}: none"
    fi
}

# ask_resolver ADDRESS: whether anything answers a query there.
ask_resolver() {
    if timeout 5 bash "$0" --exchange "$1" 53 "$dns_query"; then
        echo "SURPRISE: $1 answers DNS queries"
    else
        echo "answer to a DNS query from $1: none"
    fi
}

# Nothing comes from either answer: AWS's time service is there whatever groups and ACLs say, and it knows only the time.
ask_time() {
    if timeout 5 bash "$0" --exchange "$time_service" 123 "$time_query"; then
        echo "time service: answers"
    else
        echo "time service: none"
    fi
}

# --- one interface, link-local services -----------------------------------------------------------------------------

judge_link_local() {
    subnet='' vpc=''
    if [ "$(printf '%s\n' "$interfaces" | grep -c .)" -eq 1 ]; then
        judge_addresses
    else
        surprise "expected one interface besides lo"
    fi
    judge_metadata
    [ -z "$subnet" ] || judge_routes
    judge_routes6
    for resolver in $(resolvers); do
        aside ask_resolver "$resolver"
        aside connect "$resolver/53"
    done
    aside ask_resolver 198.51.100.53
    for resolver in $public_resolvers; do
        aside ask_resolver "$resolver"
    done
    aside ask_time
}

# One IPv4 address, which gives $subnet, and no IPv6 address that reaches beyond the link.
judge_addresses() {
    addresses=$(ip -o -4 addr show dev "$interfaces" | awk '{ print $4 }')
    note "addresses: ${addresses:-none}"
    case $addresses in
        '' | *[!0-9./]*) surprise "expected one IPv4 address" ;;
        *) subnet=$addresses ;;
    esac
    addresses6=$(ip -o -6 addr show dev "$interfaces" scope global | awk '{ print $4 }')
    [ -z "$addresses6" ] || surprise "an IPv6 address reaches beyond the link: $addresses6"
}

# Routes stay in the subnet, at the link-local services and in the VPC; one default leads to a gateway in the subnet.
judge_routes() {
    gateways=''
    ip -4 -o route show table all | grep -Ev ' dev lo( |$)' >"$scratch/routes" || true
    while read -r route; do
        set -f
        # shellcheck disable=SC2086 # words of it
        judge_route $route || surprise "a route leads out: $route"
        set +f
    done <"$scratch/routes"
}

# judge_route WORD...: false for a way out.
judge_route() {
    case ${1:-} in
        '' | local | broadcast | multicast | unreachable | blackhole | prohibit | throw) return 0 ;;
        unicast) shift ;;
    esac
    destination=$1 via='' device=''
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            nexthop | encap | inet6) return 1 ;;
            via) via=${2:-} ;;
            dev) device=${2:-} ;;
        esac
        shift
    done
    [ "$device" = "$interfaces" ] || return 1
    if [ "$destination" = default ]; then
        [ -z "$gateways" ] || [ "$gateways" = "$via" ] || return 1
        gateways=$via
        within "$via" "$subnet"
    elif [ -n "$via" ]; then
        within "$via" "$subnet" && { within "$destination" "$vpc" || within "$destination" 169.254.0.0/16; }
    else
        within "$destination" "$subnet" || within "$destination" 169.254.0.0/16
    fi
}

judge_routes6() {
    printf '%s\n' "$routes6" >"$scratch/routes6"
    while read -r route; do
        case $route in
            '' | 'fe80::'* | 'local fe80::'* | 'anycast fe80::'* | 'multicast ff00::/8 '*) ;;
            unreachable* | blackhole* | prohibit*) ;;
            *) surprise "an IPv6 route leads beyond the link: $route" ;;
        esac
    done <"$scratch/routes6"
}

# within ADDRESS[/BITS] NETWORK/BITS: whether a block of IPv4 addresses lies in another.
within() {
    case $1:$2 in
        *[!0-9./:]* | :* | *:) return 1 ;;
    esac
    bits=${2#*/} own=32
    [ "${1%/*}" = "$1" ] || own=${1#*/}
    [ "$own" -ge "$bits" ] || return 1
    number "${1%/*}"
    first=$number
    number "${2%/*}"
    [ $((first >> (32 - bits))) -eq $((number >> (32 - bits))) ]
}

# number ADDRESS: an IPv4 address as a number, in $number.
number() {
    address=$1.
    number=0
    while [ -n "$address" ]; do
        number=$((number * 256 + ${address%%.*}))
        address=${address#*.}
    done
}

# resolvers: where a resolver may be: AWS's own, those of the VPC and of the subnet, those that DHCP names.
resolvers() {
    {
        echo 169.254.169.253
        echo fd00:ec2::253
        for block in $vpc $subnet; do
            number "${block%/*}"
            base=$((number >> (32 - ${block#*/}) << (32 - ${block#*/})))
            echo "$((base >> 24 & 255)).$((base >> 16 & 255)).$((base >> 8 & 255)).$(((base & 255) + 2))"
        done
        cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null |
            awk '$1 == "nameserver" && $2 ~ /^[0-9a-fA-F.:]+$/ && $2 !~ /^(127\.|::1$)/ { print $2 }'
    } | awk '!seen[$0]++'
}

# --- the metadata service -------------------------------------------------------------------------------------------

# Its lines into the report; $vpc is the VPC's block, as it says.
judge_metadata() {
    timeout 60 bash "$0" --metadata "$scratch/vpc" >"$scratch/metadata" 2>/dev/null ||
        echo "SURPRISE: metadata: could not be read to the end" >>"$scratch/metadata"
    take_lines <"$scratch/metadata"
    [ ! -s "$scratch/vpc" ] || read -r vpc <"$scratch/vpc"
}

# In bash. read_metadata FILE: prints what the service says of this machine; the VPC's block goes to FILE.
read_metadata() {
    ask GET latest/meta-data/instance-id ''
    case $status in
        401) echo "metadata without a token: refused" ;;
        none) echo "SURPRISE: metadata: no answer" && return ;;
        *) echo "SURPRISE: metadata without a token: $status, expected 401" ;;
    esac
    ask PUT latest/api/token 'X-aws-ec2-metadata-token-ttl-seconds: 60'
    [ "$status" = 200 ] && [ -n "$body" ] || echo "SURPRISE: metadata: no token to be had, $status"
    token="X-aws-ec2-metadata-token: $body"
    for name in instance-id ami-id instance-type local-ipv4; do
        ask GET "latest/meta-data/$name" "$token"
        [ "$status" = 200 ] || echo "SURPRISE: metadata: $name: $status, expected 200"
        echo "metadata: $name: $body"
    done
    interfaces=latest/meta-data/network/interfaces/macs/
    ask GET "$interfaces" "$token"
    case $status:$body in
        200:??:??:??:??:??:??/ | 200:??:??:??:??:??:??) mac=${body%/} ;;
        *) echo "SURPRISE: metadata: expected one interface, got ${body:-none}" && return ;;
    esac
    for name in iam/security-credentials/ iam/info public-keys/ public-ipv4 ipv6 \
        "network/interfaces/macs/$mac/public-ipv4s" "network/interfaces/macs/$mac/ipv6s"; do
        ask GET "latest/meta-data/$name" "$token"
        if [ "$status" = 404 ]; then
            echo "metadata: $name: none"
        else
            echo "SURPRISE: metadata: $name: $status, expected 404"
        fi
    done
    ask GET "$interfaces$mac/vpc-ipv4-cidr-block" "$token"
    case $status:$body in
        200:*[!0-9./]*) ;;
        200:*.*.*.*/*) printf '%s\n' "$body" >"$1" && echo "metadata: VPC: $body" && return ;;
    esac
    echo "SURPRISE: metadata: the VPC's block: $status $body"
}

# In bash. ask METHOD PATH HEADER: a request to the service; its answer is in $status (`none` without one) and $body.
# shellcheck disable=SC3025,SC3045 # bash's
ask() {
    status=none body=''
    { exec 3<>"/dev/tcp/$metadata_service/80"; } 2>/dev/null || return 0
    printf '%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$1" "$2" "$metadata_service" >&3
    [ -z "$3" ] || printf '%s\r\n' "$3" >&3
    printf '\r\n' >&3
    read -r -t 5 _ status _ <&3 || true
    while read -r -t 5 line <&3 && [ "${#line}" -gt 1 ]; do :; done
    line=''
    while [ "$status" = 200 ] && { read -r -t 5 line <&3 || [ -n "$line" ]; }; do
        body="$body${body:+ }$line"
        line=''
    done
    exec 3<&-
}

# In bash. exchange ADDRESS PORT QUERY: sends a packet by UDP; true when one comes back within 3 seconds.
# shellcheck disable=SC2059,SC3025,SC3045 # bash's
exchange() {
    exec 3<>"/dev/udp/$1/$2"
    printf "$3" >&3
    IFS= read -r -t 3 -n 1 _ <&3
}

case ${1:-} in
    --exchange | --metadata)
        LC_ALL=C
        what=${1#--}
        shift
        [ "$what" = exchange ] || what=read_metadata
        "$what" "$@"
        ;;
    *) main "$@" ;;
esac
