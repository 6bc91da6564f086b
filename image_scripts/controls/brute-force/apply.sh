#!/bin/sh
# A11: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

folder=/etc/fail2ban
# fail2ban reads these last, and the last value wins.
jail=$folder/jail.d/zz-hallmark.local
server=$folder/fail2ban.d/zz-hallmark.local

# claim SECTIONS KEYS FILE...: takes keys out of sections (regular expressions), with the lines that continue them.
claim() {
    _sections=$1 _keys=$2
    shift 2
    for _file in "$@"; do
        [ -f "$_file" ] || continue
        case $_file in
            "$jail" | "$server") continue ;;
        esac
        awk -v sections="^\\\\[($_sections)\\\\]" -v keys="^($_keys)[[:space:]]*[=:]" '
            /^\[/ { ours = $0 ~ sections; drop = 0 }
            /^[^[:space:]#;]/ { drop = ours && $0 ~ keys }
            !drop { print }
        ' "$_file" >"$_file.hallmark-new"
        if cmp -s "$_file" "$_file.hallmark-new"; then
            rm -f "$_file.hallmark-new"
        else
            note "$_file: what this control decides goes"
            cat "$_file.hallmark-new" >"$_file"
            rm -f "$_file.hallmark-new"
        fi
    done
}

# Nobody else's word on the filter, the ban and the server; and no file that changes Debian's own.
for name in filter.d/sshd filter.d/common action.d/nftables action.d/nftables-common; do
    rm -f "$folder/$name.local"
done
claim 'sshd|DEFAULT' "enabled|filter|mode|backend|journalmatch|logpath|port|protocol|maxretry|findtime|bantime[.a-z]*|ignore(ip|self|command|cache)|usedns|\
banaction(_allports)?|action|failregex|ignoreregex|datepattern|maxlines|prefregex|logtimezone" "$folder/jail.local" "$folder"/jail.d/*.local
claim 'DEFAULT|Definition' 'logtarget|loglevel|socket|dbfile|dbpurgeage|allowipv6' "$folder/fail2ban.local" "$folder"/fail2ban.d/*.local

write_file 644 root:root "$server" <<END
# Written by Hallmark (control brute-force).
[DEFAULT]
logtarget = SYSTEMD-JOURNAL
loglevel = INFO
dbfile = /var/lib/fail2ban/fail2ban.sqlite3
# Longer than the longest ban, or the next start would not know of it.
dbpurgeage = $((HM_LONGEST * 2))
allowipv6 = auto
END

write_file 644 root:root "$jail" <<END
# Written by Hallmark (control brute-force).
[sshd]
enabled = true
backend = systemd
# What ssh.service writes, by the kernel's word. Whoever calls his program sshd could have others banned.
journalmatch = _SYSTEMD_UNIT=ssh.service
filter = sshd[mode=aggressive]
maxretry = $HM_ATTEMPTS
findtime = $HM_WINDOW
bantime = $HM_BAN
bantime.increment = true
bantime.maxtime = $HM_LONGEST
bantime.rndtime =
bantime.overalljails = false
ignoreip = 127.0.0.0/8 ::1 $HM_ALLOWED
ignoreself = true
ignorecommand =
usedns = no
# From every port, and without an answer.
banaction = nftables[type=allports, blocktype=drop]
action = %(banaction)s[port="0:65535", protocol="tcp", chain="f2b-chain"]
END

# Whoever the build's machine has banned, if anybody, is not banned by each server.
[ -S /run/fail2ban/fail2ban.sock ] || rm -rf /var/lib/fail2ban/*
for unit in /etc/systemd/system/fail2ban.service /run/systemd/system/fail2ban.service; do
    rm -f "$unit"
done
enable_units fail2ban.service
