sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install usb-storage /d' /etc/modprobe.d/hallmark-uncommon.conf
