# The folder is root's; a library in it is somebody's.
mkdir /srv/lib
touch /srv/lib/libz.so.1
chown games /srv/lib/libz.so.1
echo /srv/lib >/etc/ld.so.conf.d/site.conf
