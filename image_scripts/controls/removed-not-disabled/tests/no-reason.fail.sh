systemctl mask cron.service
