#!/bin/sh
# R3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

awk -F '\t' '
    function options(text, wanted, n, i, word, kept) {
        n = split(text, word, ",")
        for (i = 1; i <= n; i++)
            if (word[i] !~ /^(no)?(dev|suid|exec)$/) kept = kept word[i] ","
        return kept wanted
    }
    FNR == NR {
        if ($3 != "system") { order[++rows] = $1; wanted[$1] = $2; how[$1] = $3 }
        next
    }
    {
        split($0, field, /[ \t]+/)
        first = field[1] == "" ? 2 : 1
        target = field[first + 1]
        if (target != "/") sub(/\/+$/, "", target)
        if (field[first] !~ /^#/ && target in wanted) {
            if (target in seen) next
            seen[target] = 1
            print field[first], target, field[first + 2], options(field[first + 3], wanted[target]), field[first + 4] + 0, field[first + 5] + 0
        } else
            print
    }
    END {
        for (i = 1; i <= rows; i++) {
            target = order[i]
            if (target in seen || how[target] == "fstab") continue
            if (how[target] == "bind")
                print target, target, "none", "bind," wanted[target], 0, 0
            else
                print "tmpfs", target, "tmpfs", "mode=1777,strictatime,size=50%,nr_inodes=1m," wanted[target], 0, 0
        }
    }
' "$HALLMARK_TABLE" /etc/fstab | write_file 644 root:root /etc/fstab

# What would overrule it.
set --
while IFS="$TAB" read -r target _ how _; do
    [ "$how" = system ] || set -- "$@" "$target"
done <"$HALLMARK_TABLE"
[ $# -eq 0 ] || units=$(systemd-escape --path --suffix=mount "$@")
set --
for folder in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system; do
    set -- "$@" "$folder/mount.d" "$folder/systemd-remount-fs.service"
    for unit in ${units-}; do
        set -- "$@" "$folder/$unit" "$folder/$unit.d"
        case $unit in
            *-*) set -- "$@" "$folder/${unit%%-*}-.mount.d" ;;
        esac
    done
done
rm -rf "$@"

# Where /var/tmp runs nothing cloud-init makes this folder at each boot, and lets everybody write there, unless it is there.
if [ -d /usr/lib/cloud-init ]; then
    mkdir -p /usr/lib/cloud-init/clouddir
    chown root:root /usr/lib/cloud-init/clouddir
    chmod 0755 /usr/lib/cloud-init/clouddir
fi
