# The rule is there, behind one that lets a user of the table go to the same place.
sh "$HALLMARK_CONTROL/apply.sh"
nft insert rule inet hallmark output tcp dport 80 meta skuid 42 accept
