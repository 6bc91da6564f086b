. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
own_media
make_deb sample 1%3a2 "$HALLMARK_MEDIA/debs/sample_2_all.deb" /usr/bin/sample
dpkg --unpack "$HALLMARK_MEDIA/debs/sample_2_all.deb"
printf 'sample\tall\t1:2\t-\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
