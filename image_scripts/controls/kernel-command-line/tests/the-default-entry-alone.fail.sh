sh "$HALLMARK_CONTROL/apply.sh"
echo 'GRUB_CMDLINE_LINUX_DEFAULT="quiet lockdown=none"' >/etc/default/grub
