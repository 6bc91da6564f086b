# The table is there, and its chains, and their policies.
sh "$HALLMARK_CONTROL/apply.sh"
nft flush chain inet hallmark input
