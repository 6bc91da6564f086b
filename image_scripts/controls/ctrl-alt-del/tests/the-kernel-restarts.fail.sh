sh "$HALLMARK_CONTROL/apply.sh"
echo 'kernel.ctrl-alt-del = 1' >/etc/sysctl.d/zzz-site.conf
