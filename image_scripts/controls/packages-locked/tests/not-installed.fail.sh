. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
own_media
make_deb sample 2 "$HALLMARK_MEDIA/debs/sample_2_all.deb" /usr/bin/sample
printf 'sample\tall\t2\t-\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
