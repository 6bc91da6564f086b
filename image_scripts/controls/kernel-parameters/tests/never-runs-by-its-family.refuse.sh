sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/systemd/system/systemd-.service.d
printf '[Unit]\nConditionPathExists=/never\n' >/etc/systemd/system/systemd-.service.d/site.conf
