sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install bluetooth /d' /etc/modprobe.d/hallmark-wireless.conf
