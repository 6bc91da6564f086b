# HM_REMOVABLE=usb-storage
# HM_PROTOCOLS=sctp
# HM_FILESYSTEMS=udf
printf 'install sctp /usr/bin/false\ninstall udf /bin/true\ninstall usb-storage /bin/false\n' >/etc/modprobe.d/by-someone-else.conf
