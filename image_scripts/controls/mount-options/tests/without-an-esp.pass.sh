sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/ \/boot\/efi /d' /etc/fstab
