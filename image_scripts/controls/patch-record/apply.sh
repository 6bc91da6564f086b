#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/recipe.env"
{
    printf '# How this image was patched: what was found missing in the base, and installed, before it was tested and released.\n'
    printf 'recipe\t%s\npurpose\t%s\nlock\t%s\n' "$HALLMARK_RECIPE" "$HALLMARK_PURPOSE" "$HALLMARK_LOCK"
    printf 'process\tbase, inventory, patch lock, media, build in isolation, acceptance on a second machine, release\n'
    printf '# patch, package, architecture, from (- is new), to, suite, vulnerabilities\n'
    awk -F '\t' -v OFS='\t' '{ print "patch", $1, $2, $4, $3, $5, $6 }' "$HALLMARK_PLAN/lock.tsv"
} | write_file 644 root:root "$HALLMARK_RECORDS/patch-record"
