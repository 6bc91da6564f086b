# HALLMARK_PHASE=drift
# An older version than the image had opens again what its patch has closed.
. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
own_media
fake_package sample /usr/bin/sample
printf 'sample\tall\t1+deb13u1\t-\ttrixie-security\tCVE-2026-1\n' >>"$HALLMARK_PLAN/lock.tsv"
