# HALLMARK_PHASE=drift
# An upgrade has removed the modules of the kernel that runs.
mount -t tmpfs proc /proc
mkdir -p /proc/sys/kernel
echo 6.12.1-amd64 >/proc/sys/kernel/osrelease
echo 'tipc 405504 0 - Live 0x0000000000000000' >/proc/modules
sh "$HALLMARK_CONTROL/apply.sh"
