sh "$HALLMARK_CONTROL/apply.sh"
nft insert rule inet hallmark output tcp sport 22 drop
