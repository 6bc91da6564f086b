# Asked for sctp modprobe speaks of tipc; the kernel asks by the protocol's number, and gets sctp.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'alias s?tp tipc' >/etc/modprobe.d/site.conf
