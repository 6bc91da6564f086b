. "$HALLMARK_SCRIPTS/lib.sh"
mask_unit apt-daily-upgrade.timer "part of apt"
systemctl mask daily-upgrade.timer cron.service
