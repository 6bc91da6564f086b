sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX nospectre_v2 nopti"' >/etc/default/grub.d/50-site.cfg
