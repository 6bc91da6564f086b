useradd -m jdoe
printf '#!/bin/sh\n' >/home/jdoe/backup
chmod 755 /home/jdoe/backup
echo '@daily root test -d /srv && /home/jdoe/backup /srv' >/etc/cron.d/backup
