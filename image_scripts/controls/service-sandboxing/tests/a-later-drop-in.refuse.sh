sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/systemd-resolved.service.d
printf '[Service]\nProtectSystem=no\nNoNewPrivileges=no\nSystemCallFilter=\nUser=root\n' >/etc/systemd/system/systemd-resolved.service.d/site.conf
