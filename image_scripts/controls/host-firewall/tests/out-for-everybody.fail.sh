sh "$HALLMARK_CONTROL/apply.sh"
nft add rule inet hallmark output tcp dport 443 accept
