sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nExecStart=/usr/bin/true\n' >/usr/lib/systemd/system/helper.service
