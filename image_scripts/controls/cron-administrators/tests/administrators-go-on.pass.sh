# With the setgid bit, which this recipe declares, an administrator makes a job, and another person does not.
set -eu
useradd -m jdoe
useradd -m asmith
sh "$HALLMARK_CONTROL/apply.sh"
chmod 2755 /usr/bin/crontab
echo '@daily true' | runuser -u jdoe -- crontab -
[ -e /var/spool/cron/crontabs/jdoe ]
if echo '@daily true' | runuser -u asmith -- crontab -; then exit 1; fi
