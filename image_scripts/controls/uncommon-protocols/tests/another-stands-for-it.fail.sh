# What sctp needs brings a refusal of its own along, so modprobe says as many as there are modules.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/install sctp /d; /blacklist sctp/d' /etc/modprobe.d/hallmark-uncommon.conf
echo 'softdep udp_tunnel pre: tipc' >/etc/modprobe.d/site.conf
