# shellcheck disable=SC2016
sh "$HALLMARK_CONTROL/apply.sh"
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX panic=0"' >/etc/default/grub.d/zzz-site.cfg
