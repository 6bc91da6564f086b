# A submenu begins with exported variables alone: there everybody could edit.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/^export/d' /etc/grub.d/01_hallmark
