sh "$HALLMARK_CONTROL/apply.sh"
nft -a list chain inet hallmark output | sed -n 's/.*169.254.169.254.*handle //p' | while read -r handle; do
    nft delete rule inet hallmark output handle "$handle"
done
