#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

declaration=$HALLMARK_RECORDS/declaration
[ -n "$HM_PURPOSE" ] || finding "the recipe declares no purpose"
purpose='' packages='' listen=''
if [ -f "$declaration" ]; then
    while read -r key value; do
        case $key in
            purpose:) purpose=$value ;;
            packages:) packages=$value ;;
            listen:) listen=$value ;;
        esac
    done <"$declaration"
fi
[ "$purpose" = "$HM_PURPOSE" ] || finding "$declaration: expected the purpose '$HM_PURPOSE', got '$purpose'"
[ "$packages" = "$HM_PACKAGES" ] || finding "$declaration: expected the packages '$HM_PACKAGES', got '$packages'"
[ "$listen" = "$HM_LISTEN" ] || finding "$declaration: expected the ports '$HM_LISTEN', got '$listen'"

[ -s "$HALLMARK_PLAN/expected.tsv" ] || fail "$HALLMARK_PLAN/expected.tsv: expected the list of packages, which is missing"
live=no
[ "$HALLMARK_PHASE" != drift ] || live=yes
# On a live server the kernel that linux-image-* asks for now is declared with it.
report=$(awk -v expected="$HALLMARK_PLAN/expected.tsv" -v declared="$HM_PACKAGES" -v live=$live '
    BEGIN { while ((getline line < expected) > 0) wanted[substr(line, 1, index(line, "\t") - 1)] = 1 }
    /^Package: / { name = $2 }
    /^Status: / && $4 !~ /^(config-files|not-installed)$/ {
        count++
        present[name] = 1
        if (!(name in wanted)) extra[name] = 1
    }
    /^Depends: / && live == "yes" && name ~ /^linux-image-[a-z]/ && name in wanted {
        for (i = 2; i <= NF; i++) if ($i ~ /^linux-image-[0-9]/) { sub(/,$/, "", $i); kernel[$i] = 1 }
    }
    END {
        for (each in extra) {
            if (each in kernel) print "package " each " is the kernel of now"
            else print "FAIL package " each " is installed, but neither of the base nor needed by what is declared"
        }
        n = split(declared, names, " ")
        for (i = 1; i <= n; i++) {
            if (!(names[i] in present)) print "FAIL package " names[i] " is declared by the recipe, but not installed"
        }
        print count + 0 " packages are installed"
    }
' /var/lib/dpkg/status)
printf '%s\n' "$report"
case $report in
    *FAIL\ *) exit 1 ;;
esac
conclude "all of them are of the base or declared; purpose: $HM_PURPOSE"
