# HM_PROTOCOLS=sctp
# HM_FILESYSTEMS=ext4
# What the kernel has built in is there, whatever modprobe is told.
sh "$HALLMARK_CONTROL/apply.sh"
