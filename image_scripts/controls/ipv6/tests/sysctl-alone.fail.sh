# HM_ENABLED=no
# What most guides say: it lasts until systemd-networkd sets up an interface.
printf 'net.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv6.conf.default.disable_ipv6 = 1\n' >/etc/sysctl.d/zz.conf
sysctl -q -p /etc/sysctl.d/zz.conf
