# A blacklist stops aliases alone: modprobe by name would still load these.
# HM_PROTOCOLS=sctp tipc
# HM_FILESYSTEMS=udf
printf 'blacklist sctp\nblacklist tipc\nblacklist udf\n' >/etc/modprobe.d/blacklist.conf
