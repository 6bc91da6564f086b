# HALLMARK_PHASE=drift
# On a live server Debian's later patches are expected life.
. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
fake_package sample /usr/bin/sample
printf 'sample\tall\t1~rc1\t-\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
