sh "$HALLMARK_CONTROL/apply.sh"
printf '[Journal]\nStorage=none\n' >>/etc/systemd/journald.conf.d/zz-hallmark.conf
