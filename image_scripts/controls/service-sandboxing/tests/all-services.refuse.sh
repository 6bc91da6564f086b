sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/service.d
printf '[Service]\nPrivateDevices=no\nRestrictAddressFamilies=\nSystemCallFilter=\n' >/etc/systemd/system/service.d/zzz-site.conf
