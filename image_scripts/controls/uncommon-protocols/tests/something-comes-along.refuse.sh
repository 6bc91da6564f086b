# modprobe loads sctp then, and leaves its install rule aside; the one that comes first it refuses.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'softdep sctp pre: tipc' >/etc/modprobe.d/site.conf
