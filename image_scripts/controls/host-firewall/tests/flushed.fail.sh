sh "$HALLMARK_CONTROL/apply.sh"
nft flush ruleset
