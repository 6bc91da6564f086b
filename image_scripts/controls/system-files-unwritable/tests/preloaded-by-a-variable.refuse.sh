# A library need not be executable.
mkdir /srv/x
touch /srv/x/site.so
chown games /srv/x/site.so
echo LD_PRELOAD=/srv/x/site.so >>/etc/environment
