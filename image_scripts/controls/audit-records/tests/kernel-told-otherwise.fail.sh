sh "$HALLMARK_CONTROL/apply.sh"
echo 'GRUB_CMDLINE_LINUX_DEFAULT="quiet audit=0"' >/etc/default/grub.d/zzz-site.cfg
