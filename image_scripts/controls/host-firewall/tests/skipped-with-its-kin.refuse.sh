# A drop-in for all units whose names begin so.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /usr/local/lib/systemd/system/hallmark-.service.d
printf '[Unit]\nConditionPathExists=/srv/x\n' >/usr/local/lib/systemd/system/hallmark-.service.d/x.conf
