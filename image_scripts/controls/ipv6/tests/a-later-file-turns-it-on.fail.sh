# HM_ENABLED=no
# The last word on the kernel's command line counts.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ipv6.disable=0"' >/etc/default/grub.d/zzz-site.cfg
