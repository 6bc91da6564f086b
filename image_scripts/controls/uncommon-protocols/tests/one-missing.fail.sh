sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install udf /d' /etc/modprobe.d/hallmark-uncommon.conf
