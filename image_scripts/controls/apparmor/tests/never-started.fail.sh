sh "$HALLMARK_CONTROL/apply.sh"
systemctl --quiet disable apparmor.service
