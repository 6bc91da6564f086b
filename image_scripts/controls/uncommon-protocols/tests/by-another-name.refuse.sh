# HM_PROTOCOLS=sctp tipc
# HM_FILESYSTEMS=udf
# HM_REMOVABLE=usb-storage
# Asked for sctp modprobe speaks of tipc; the kernel asks by the protocol's number, and gets sctp.
sed 's/.*/install & \/bin\/false/' >/etc/modprobe.d/site.conf <<END
tipc
udf
usb-storage
END
echo 'alias s?tp tipc' >>/etc/modprobe.d/site.conf
