# What follows `--` is the first program's; the kernel leaves it alone.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="-- $GRUB_CMDLINE_LINUX"' >/etc/default/grub.d/zzz-site.cfg
