# A drop-in for all units whose names begin so.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/hallmark-.service.d
printf '[Service]\nSuccessExitStatus=1 2 3 4 5 6 7\n' >/etc/systemd/system/hallmark-.service.d/x.conf
