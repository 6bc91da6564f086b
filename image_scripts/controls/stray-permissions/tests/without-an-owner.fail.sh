# Somebody has left, and his number stayed.
mkdir -p /srv/app
touch /srv/app/program
chown 1777:1777 /srv/app/program
chmod 4755 /srv/app/program
ln -s program /srv/app/link
chown -h 0:1777 /srv/app/link
