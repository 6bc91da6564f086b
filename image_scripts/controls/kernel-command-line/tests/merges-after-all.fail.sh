sh "$HALLMARK_CONTROL/apply.sh"
echo "GRUB_CMDLINE_LINUX_DEFAULT='slab_merge'" >>/etc/default/grub
