# The same disk for programs that speak SCSI.
mknod -m 666 /dev/sg0 c 21 0
