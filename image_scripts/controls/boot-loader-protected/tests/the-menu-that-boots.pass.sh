# HALLMARK_PHASE=acceptance
# As update-grub has made it.
sh "$HALLMARK_CONTROL/apply.sh"
cat >/boot/grub/grub.cfg <<'END'
set default="0"
if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    save_env saved_entry
  fi
}
set superusers="hallmark"
export superusers
menuentry 'Debian GNU/Linux' --unrestricted --class debian $menuentry_id_option 'gnulinux-simple-x' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	linux	/boot/vmlinuz-6 root=UUID=x ro  panic=30
	initrd	/boot/initrd.img-6
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-x' {
	menuentry 'Debian GNU/Linux, with 6' --unrestricted $menuentry_id_option 'gnulinux-6-x' {
		linux	/boot/vmlinuz-6 root=UUID=x ro  panic=30
	}
}
END
