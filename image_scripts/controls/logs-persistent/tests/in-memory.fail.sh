sh "$HALLMARK_CONTROL/apply.sh"
printf '[Journal]\nStorage=volatile\n' >/etc/systemd/journald.conf.d/zzz-site.conf
