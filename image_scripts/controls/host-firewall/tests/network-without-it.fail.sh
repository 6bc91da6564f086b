sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/systemd/system/systemd-networkd.service.requires/hallmark-firewall.service
