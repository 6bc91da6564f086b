# One long value of a word that nobody knows.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="site=\"x $GRUB_CMDLINE_LINUX x\""' >/etc/default/grub.d/zzz-site.cfg
