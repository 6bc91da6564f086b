. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
own_media
printf 'sample\tall\t2\t-\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
make_deb sample 1 "$HALLMARK_MEDIA/debs/sample_1_all.deb" /usr/bin/sample
