# The partition that boots is not mounted: fstab mounts another volume there, with the packages' own files.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_boot_disk /dev/vdb1 /dev/vda1
