# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /var/spool/cron/crontabs
echo '* * * * * /srv/helper' >/var/spool/cron/crontabs/root
