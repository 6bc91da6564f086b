sh "$HALLMARK_CONTROL/apply.sh"
echo 'net.ipv4.conf.wl[ap]*.accept_* = 1' >/etc/sysctl.d/zzz-site.conf
