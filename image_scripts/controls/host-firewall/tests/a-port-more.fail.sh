sh "$HALLMARK_CONTROL/apply.sh"
nft add rule inet hallmark input tcp dport 8080 accept
