# One command away from running again; the first boot would give that command.
systemctl disable cron.service
