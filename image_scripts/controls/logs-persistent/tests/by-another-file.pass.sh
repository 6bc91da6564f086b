sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/systemd/journald.conf.d/zz-hallmark.conf
printf '[Journal]\nStorage = persistent\nSystemMaxUse=524288K\nSystemKeepFree=536870912\nForwardToSyslog=off\n' >/etc/systemd/journald.conf.d/zzz-site.conf
