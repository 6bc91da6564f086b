useradd -m asmith
sh "$HALLMARK_CONTROL/apply.sh"
chmod 2755 /usr/bin/crontab
echo asmith >>/etc/cron.allow
