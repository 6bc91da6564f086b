sh "$HALLMARK_CONTROL/apply.sh"
printf '#cloud-config\npackage_upgrade: true\n' >/etc/cloud/cloud.cfg.d/50-upgrade.cfg
