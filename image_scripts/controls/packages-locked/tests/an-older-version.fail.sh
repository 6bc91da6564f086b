. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
own_media
fake_package sample /usr/bin/sample
printf 'sample\tall\t2\t1\ttrixie-security\tCVE-2026-1\n' >>"$HALLMARK_PLAN/lock.tsv"
make_deb sample 2 "$HALLMARK_MEDIA/debs/sample_2_all.deb" /usr/bin/sample
