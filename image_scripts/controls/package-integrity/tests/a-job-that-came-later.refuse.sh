# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
echo '* * * * * root /srv/helper' >/etc/cron.d/helper
