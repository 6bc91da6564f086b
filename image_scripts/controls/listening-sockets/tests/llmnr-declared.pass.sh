# HM_DECLARED=5355/tcp 5355/udp
mkdir -p /etc/systemd/resolved.conf.d
printf '[Resolve]\nMulticastDNS=no\n' >/etc/systemd/resolved.conf.d/ours.conf
