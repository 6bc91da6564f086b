#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

removed=$HALLMARK_RECORDS/removed.tsv
[ -f "$removed" ] || removed=/dev/null
expected=$HALLMARK_PLAN/expected.tsv
[ -f "$expected" ] || expected=/dev/null
[ -f "$HALLMARK_PLAN/lock.tsv" ] || fail "$HALLMARK_PLAN/lock.tsv: expected the patch lock, which is missing"

live=no
[ "$HALLMARK_PHASE" != drift ] || live=yes

# One pass over the plan's lists and dpkg's database. A package of several architectures is several lines. On a live server
# a kernel may have given way to the one that linux-image-* asks for now.
report=$(awk -F '\t' -v locklist="$HALLMARK_PLAN/lock.tsv" -v expectedlist="$expected" -v removedlist="$removed" -v live=$live '
    function judge(key) {
        if (state == "install ok installed") {
            have[key] = version
        } else if (state !~ / (config-files|not-installed)$/) {
            print "FAIL " key ": half-way: " state
        }
    }
    BEGIN {
        while ((getline line < expectedlist) > 0) { split(line, f, "\t"); want[f[1] ":" f[3]] = f[2] }
        while ((getline line < locklist) > 0) { split(line, f, "\t"); want[f[1] ":" f[2]] = f[3]; locked++ }
        while ((getline line < removedlist) > 0) { split(line, f, "\t"); removed[f[1]] = f[3] }
        FS = ": "
    }
    $1 == "Package" { name = $2 }
    $1 == "Status" { state = $2 }
    $1 == "Architecture" { arch = $2 }
    $1 == "Version" { version = $2 }
    $1 == "Depends" && name ~ /^linux-image-[a-z]/ && $2 ~ /(^| )linux-image-[0-9]/ { kernel = 1 }
    $0 == "" && name != "" { judge(name ":" arch); name = "" }
    END {
        if (name != "") judge(name ":" arch)
        for (key in want) {
            split(key, part, ":")
            if (key in have) {
                if (have[key] != want[key]) print "OTHER " key " " want[key] " " have[key]
                else right++
            } else if (part[1] in removed) {
                print key ": removed by the control " removed[part[1]]
            } else if (live == "yes" && kernel && part[1] ~ /^linux-image-[0-9]/) {
                print key ": another kernel is there in its place"
            } else {
                print "FAIL " key ": expected version " want[key] ", but it is not installed"
            }
        }
        printf "%d package(s) locked, %d of the expected ones at their version\n", locked, right
    }
' /var/lib/dpkg/status)
while read -r word key wanted got; do
    if [ "$word" != OTHER ]; then
        note "$word $key $wanted $got"
        [ "$word" != FAIL ] || _findings=$((_findings + 1))
    elif [ $live = yes ] && dpkg --compare-versions "$got" gt "$wanted"; then
        note "$key: patched since, $wanted to $got"
    else
        finding "$key: expected version $wanted, got $got"
    fi
done <<END
$report
END
conclude "every package is at its locked version, or newer on a live server"
