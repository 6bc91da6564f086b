sh "$HALLMARK_CONTROL/apply.sh"
printf '[Timer]\nOnCalendar=daily\n' >/etc/systemd/system/helper.timer
