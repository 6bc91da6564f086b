#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

record=$HALLMARK_RECORDS/patch-record
[ -f "$HALLMARK_PLAN/lock.tsv" ] || fail "$HALLMARK_PLAN/lock.tsv: expected the patch lock, which is missing"
[ -f "$record" ] || fail "$record: expected the record of how this image was patched, which is missing"
file_is 644 root:root "$record" || finding "$record: expected mode 644 and owner root:root"
# shellcheck disable=SC1091
. "$HALLMARK_PLAN/recipe.env"

report=$(awk -F '\t' -v recipe="$HALLMARK_RECIPE" -v lock="$HALLMARK_LOCK" '
    FILENAME == ARGV[1] {
        if ($1 == "patch") { to[$2 "/" $3] = $5; cves[$2 "/" $3] = $7 } else { told[$1] = $2 }
        next
    }
    {
        key = $1 "/" $2
        if (to[key] != $3) print "FAIL " key ": the record says version \"" to[key] "\", the lock " $3
        if (cves[key] != $6) print "FAIL " key ": the record says vulnerabilities \"" cves[key] "\", the lock " $6
        seen[key] = 1
        patches++
        if ($6 != "-") fixed += split($6, each, ",")
    }
    END {
        for (key in to) if (!(key in seen)) print "FAIL " key ": on record, but not in the lock"
        if (told["recipe"] != recipe) print "FAIL the record names the recipe \"" told["recipe"] "\", expected " recipe
        if (told["lock"] != lock) print "FAIL the record names the patch lock \"" told["lock"] "\", expected " lock
        if (told["process"] == "") print "FAIL the record does not say by which process"
        printf "%d package(s) patched or added, %d vulnerabilities closed\n", patches, fixed
    }
' "$record" "$HALLMARK_PLAN/lock.tsv")
printf '%s\n' "$report"
case $report in
    *FAIL\ *) exit 1 ;;
esac
conclude "the record agrees with the patch lock"
