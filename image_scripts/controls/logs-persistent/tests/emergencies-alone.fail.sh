sh "$HALLMARK_CONTROL/apply.sh"
printf '[Journal]\nMaxLevelStore=emerg\n' >/etc/systemd/journald.conf.d/zzz-site.conf
