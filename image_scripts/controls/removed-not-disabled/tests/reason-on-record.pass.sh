. "$HALLMARK_SCRIPTS/lib.sh"
mask_unit apt-daily-upgrade.timer "part of apt, which is needed"
