# cron runs what is in its folder, and asks no list.
useradd -m asmith
sh "$HALLMARK_CONTROL/apply.sh"
echo '@daily true' >/var/spool/cron/crontabs/asmith
chown asmith:crontab /var/spool/cron/crontabs/asmith
chmod 600 /var/spool/cron/crontabs/asmith
