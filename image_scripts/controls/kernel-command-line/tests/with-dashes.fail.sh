# To the kernel a `-` in a name is a `_`.
sh "$HALLMARK_CONTROL/apply.sh"
# shellcheck disable=SC2016
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX init-on-alloc=0"' >/etc/default/grub.d/zzz-site.cfg
