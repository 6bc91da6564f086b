sh "$HALLMARK_CONTROL/apply.sh"
# This one throws away what others have said.
echo 'GRUB_CMDLINE_LINUX=quiet' >/etc/default/grub.d/zzz-site.cfg
