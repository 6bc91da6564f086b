printf '[Timer]\nOnCalendar=daily\n' >/etc/systemd/system/ours.timer
sh "$HALLMARK_CONTROL/apply.sh"
sh "$HALLMARK_CONTROL/apply.sh"
