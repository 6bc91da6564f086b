chown games /usr/local/bin
cp /bin/true /usr/lib/helper
chown games /usr/lib/helper
