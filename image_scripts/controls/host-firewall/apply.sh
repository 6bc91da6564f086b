#!/bin/sh
# L3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

rules=/etc/hallmark/firewall.nft
unit=hallmark-firewall.service

# ports PROTOCOL WORD...: the ports of PORT/PROTOCOL words, with commas between them
ports() {
    _protocol=$1 _ports=
    shift
    for _word in "$@"; do
        [ "${_word#*/}" != "$_protocol" ] || _ports="$_ports${_ports:+, }${_word%/*}"
    done
    printf '%s' "$_ports"
}

# words TEXT: a cell with commas as words
words() {
    printf '%s' "$1" | tr ',' ' '
}

# numbers USER...: the ids of those accounts that exist, with commas between them
numbers() {
    _numbers=
    for _user in "$@"; do
        while IFS=: read -r _name _ _id _; do
            [ "$_name" != "$_user" ] || _numbers="$_numbers${_numbers:+, }$_id"
        done </etc/passwd
    done
    printf '%s' "$_numbers"
}

# family ADDRESS...: those of one family: ip or ip6
family() {
    _family=$1 _of=
    shift
    for _address in "$@"; do
        case $_family:$_address in
            ip6:*:* | ip:*.*) _of="$_of${_of:+, }$_address" ;;
        esac
    done
    printf '%s' "$_of"
}

inbound() {
    for protocol in tcp udp; do
        # shellcheck disable=SC2086
        list=$(ports $protocol $HM_DECLARED)
        [ -z "$list" ] || printf '        %s dport { %s } accept\n' "$protocol" "$list"
    done
}

outbound() {
    while IFS="$TAB" read -r _ cell to users _; do
        who=
        if [ "$users" != any ]; then
            # shellcheck disable=SC2046
            who=$(numbers $(words "$users"))
            [ -n "$who" ] || continue # none of them is here, so nobody needs it
            who="meta skuid { $who } "
        fi
        for protocol in tcp udp; do
            # shellcheck disable=SC2046
            list=$(ports $protocol $(words "$cell"))
            [ -n "$list" ] || continue
            if [ "$to" = any ]; then
                printf '        %s dport { %s } %saccept\n' "$protocol" "$list" "$who"
                continue
            fi
            for ip in ip ip6; do
                # shellcheck disable=SC2046
                addresses=$(family $ip $(words "$to"))
                [ -z "$addresses" ] ||
                    printf '        %s daddr { %s } %s dport { %s } %saccept\n' "$ip" "$addresses" "$protocol" "$list" "$who"
            done
        done
    done <"$HALLMARK_TABLE"
}

metadata() {
    for ip in ip ip6; do
        # shellcheck disable=SC2086
        addresses=$(family $ip $HM_METADATA)
        [ -z "$addresses" ] ||
            printf '        %s daddr { %s } tcp dport != 53 meta skuid != 0 drop\n' "$ip" "$addresses"
    done
}

policy=$HM_OUTBOUND
write_file 600 root:root "$rules" <<END
# Written by Hallmark (control host-firewall). The table is made anew; those of others stay.
add table inet hallmark
delete table inet hallmark
table inet hallmark {
    chain input {
        type filter hook input priority filter; policy drop;
        iif lo accept
        ct state established,related accept
        ct state invalid drop
        icmp type echo-request limit rate 10/second burst 20 packets accept
        icmpv6 type echo-request limit rate 10/second burst 20 packets accept
        icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
        icmpv6 type mld-listener-query ip6 saddr fe80::/10 accept
        udp sport 67 udp dport 68 accept
        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
$(inbound)
        limit rate 10/minute burst 20 packets log prefix "hallmark-firewall in: " level info
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
    chain output {
        type filter hook output priority filter; policy $policy;
        oif lo accept
$(metadata)
        ct state established,related accept
        icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
        icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept
        udp sport 68 udp dport 67 accept
        ip6 daddr { fe80::/10, ff02::1:2 } udp sport 546 udp dport 547 accept
$(outbound)
        limit rate 10/minute burst 20 packets log prefix "hallmark-firewall out: " level info
    }
}
END

mask_unit nftables.service "its file begins with a flush of all rules, those of the host's firewall and of fail2ban too"
rm -rf "/etc/systemd/system/$unit.d"
write_file 644 root:root "/etc/systemd/system/$unit" <"$HALLMARK_CONTROL/$unit"
enable_units "$unit"
nft -f "$rules"
