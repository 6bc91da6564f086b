# What a set holds may change at any time.
sh "$HALLMARK_CONTROL/apply.sh"
nft 'add set inet hallmark friends { type ipv4_addr; }'
nft insert rule inet hallmark input ip saddr @friends accept
