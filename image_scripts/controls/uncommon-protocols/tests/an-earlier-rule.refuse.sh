sh "$HALLMARK_CONTROL/apply.sh"
echo 'install t[i]pc /usr/sbin/modprobe --ignore-install tipc' >/etc/modprobe.d/0-site.conf
