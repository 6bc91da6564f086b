# Programs outside of the system's folders, that root alone writes.
mkdir -p /opt/app/bin
cp /bin/true /opt/app/bin/app
printf '[Service]\nUser=games\nExecStart=/opt/app/bin/app\n' >/etc/systemd/system/app.service
echo '@daily root /opt/app/bin/app >/var/log/app' >/etc/cron.d/app
