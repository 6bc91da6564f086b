sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/policy drop/policy accept/' /etc/hallmark/firewall.nft
