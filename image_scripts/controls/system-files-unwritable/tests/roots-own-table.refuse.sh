mkdir -p /opt/job
cp /bin/true /opt/job/run
chown games /opt/job
echo '@daily /opt/job/run' >/var/spool/cron/crontabs/root
