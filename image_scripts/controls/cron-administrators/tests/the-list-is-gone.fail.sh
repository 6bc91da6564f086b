# An empty list of those who may not is everybody's permission.
sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/cron.allow
touch /etc/cron.deny
