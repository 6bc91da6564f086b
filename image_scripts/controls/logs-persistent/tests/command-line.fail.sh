sh "$HALLMARK_CONTROL/apply.sh"
echo 'GRUB_CMDLINE_LINUX="quiet systemd.journald.max_level_store=emerg"' >/etc/default/grub.d/99-quiet.cfg
