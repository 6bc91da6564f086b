sh "$HALLMARK_CONTROL/apply.sh"
echo 'GRUB_CMDLINE_LINUX="quiet nokaslr"' >/etc/default/grub.d/zy-site.cfg
