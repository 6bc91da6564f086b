sh "$HALLMARK_CONTROL/apply.sh"
echo '{"package_upgrade": "TRUE"}' >/etc/cloud/cloud.cfg.d/99-site.cfg
