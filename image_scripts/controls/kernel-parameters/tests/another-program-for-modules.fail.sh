sh "$HALLMARK_CONTROL/apply.sh"
echo 'kernel.modprobe = /srv/load' >/etc/sysctl.d/zzz-site.conf
