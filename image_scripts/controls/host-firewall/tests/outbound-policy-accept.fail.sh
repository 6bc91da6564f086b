sh "$HALLMARK_CONTROL/apply.sh"
nft 'chain inet hallmark output { policy accept; }'
