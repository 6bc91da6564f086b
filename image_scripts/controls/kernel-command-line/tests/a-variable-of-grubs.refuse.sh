# Set elsewhere in the menu, to whatever.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX \$site"' >/etc/default/grub.d/zzz-site.cfg
