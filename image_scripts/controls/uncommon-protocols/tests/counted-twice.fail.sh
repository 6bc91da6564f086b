# One is refused twice, as another comes before it; so a third is not missed.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install squashfs /d' /etc/modprobe.d/hallmark-uncommon.conf
echo 'softdep sctp pre: tipc' >/etc/modprobe.d/site.conf
