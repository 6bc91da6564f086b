# May be run as root by those who may write it.
mkdir -p /opt/tools
cp /bin/true /opt/tools/restart
chmod 775 /opt/tools/restart
echo 'jdoe ALL=(root) /opt/tools/restart' >/etc/sudoers.d/restart
