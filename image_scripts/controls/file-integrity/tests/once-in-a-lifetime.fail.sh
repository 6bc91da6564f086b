# The expected line is there; the next one takes it back.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/^OnCalendar/a OnCalendar=\nOnCalendar=2200-01-01' /etc/systemd/system/hallmark-integrity.timer
