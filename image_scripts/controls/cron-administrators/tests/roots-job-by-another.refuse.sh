useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo '@daily true' >/var/spool/cron/crontabs/root
chown jdoe /var/spool/cron/crontabs/root
