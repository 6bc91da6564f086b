sh "$HALLMARK_CONTROL/apply.sh"
systemctl --quiet unmask nftables.service
