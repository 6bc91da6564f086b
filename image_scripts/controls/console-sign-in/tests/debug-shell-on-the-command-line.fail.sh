sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/default/grub.d
echo 'GRUB_CMDLINE_LINUX="console=ttyS0 systemd.debug_shell=ttyS1"' >/etc/default/grub.d/99-debug.cfg
