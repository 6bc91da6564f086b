# HM_EXPECT=imds
rm -f /etc/resolv.conf
printf 'nameserver 198.51.100.53\n' >/etc/resolv.conf
