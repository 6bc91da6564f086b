#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# Brings a package that deviates to its locked version, where the media carry it.
deviating() {
    awk -F '\t' '
        FILENAME == ARGV[1] { want[$1] = $3; arch[$1] = $2; next }
        FILENAME == ARGV[2] { removed[$1] = 1; next }
        { split($0, field, ": ") }
        field[1] == "Package" { name = field[2] }
        field[1] == "Status" { state = field[2] }
        field[1] == "Version" && name in want && state == "install ok installed" && want[name] == field[2] { good[name] = 1 }
        END { for (name in want) if (!(name in good) && !(name in removed)) print name, arch[name], want[name] }
    ' "$HALLMARK_PLAN/lock.tsv" "$1" /var/lib/dpkg/status
}

removed=$HALLMARK_RECORDS/removed.tsv
[ -f "$removed" ] || removed=/dev/null
set --
while read -r name arch version; do
    [ -n "$name" ] || continue
    found=
    for deb in "$HALLMARK_MEDIA"/debs/"$name"_*_"$arch".deb; do
        [ ! -f "$deb" ] || [ "$(dpkg-deb -f "$deb" Version)" != "$version" ] || found=$deb
    done
    [ -n "$found" ] || fail "$name: expected version $version, and the media do not carry it"
    note "installing $name $version anew"
    set -- "$@" "$found"
done <<END
$(deviating "$removed")
END
[ $# -eq 0 ] || dpkg --force-confdef --force-confold --install "$@"
