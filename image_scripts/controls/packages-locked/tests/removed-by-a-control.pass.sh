. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
mkdir -p /usr/share/hallmark
printf 'gone\tall\t2\t1\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
printf 'gone\t2\tmanagement-tools-absent\n' >/usr/share/hallmark/removed.tsv
