: >/etc/systemd/system/cron.service
