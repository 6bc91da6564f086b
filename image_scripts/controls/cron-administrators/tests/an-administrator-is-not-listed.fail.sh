useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
chmod 2755 /usr/bin/crontab
echo root >/etc/cron.allow
