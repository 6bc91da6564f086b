sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install squashfs /d' /etc/modprobe.d/hallmark-uncommon.conf
