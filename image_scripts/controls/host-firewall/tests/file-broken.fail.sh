sh "$HALLMARK_CONTROL/apply.sh"
echo 'table inet {' >>/etc/hallmark/firewall.nft
