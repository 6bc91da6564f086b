sh "$HALLMARK_CONTROL/apply.sh"
echo '-net.ipv4.conf.eth7.rp_filter' >/etc/sysctl.d/10-site.conf
