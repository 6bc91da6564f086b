sh "$HALLMARK_CONTROL/apply.sh"
nft add chain inet hallmark side
nft add rule inet hallmark side accept
nft insert rule inet hallmark input jump side
