sh "$HALLMARK_CONTROL/apply.sh"
nft 'chain inet hallmark input { policy accept; }'
