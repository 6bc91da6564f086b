# HM_ENABLED=no
sh "$HALLMARK_CONTROL/apply.sh"
printf 'net.ipv6.conf.all.disable_ipv6 = 0\n' >/etc/sysctl.d/zz-later.conf
