#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/packages.sh"

# Kernels that give way to a newer one are removed later in the build, together with their boot files.
undeclared() {
    awk -v expected="$HALLMARK_PLAN/expected.tsv" -v later="$HALLMARK_PLAN/superseded" '
        BEGIN {
            while ((getline line < expected) > 0) { split(line, field, "\t"); want[field[1]] = 1 }
            while ((getline line < later) > 0) want[line] = 1
        }
        $1 == "Package:" { name = $2 }
        $1 == "Status:" && $4 != "config-files" && $4 != "not-installed" && !(name in want) { print name }
    ' /var/lib/dpkg/status
}

[ -s "$HALLMARK_PLAN/expected.tsv" ] || fail "$HALLMARK_PLAN/expected.tsv: expected the list of packages, which is missing"
# shellcheck disable=SC2046
purge_packages $(undeclared)
write_file 644 root:root "$HALLMARK_RECORDS/declaration" <<END
purpose: $HM_PURPOSE
packages: $HM_PACKAGES
listen: $HM_LISTEN
END
