sh "$HALLMARK_CONTROL/apply.sh"
nft insert rule inet hallmark input tcp dport 20-30 accept
