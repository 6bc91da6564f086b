# For systemd the last line is a part of the one before.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Manager]\nCtrlAltDelBurstAction=reboot-force\nLogColor=yes \\\nCtrlAltDelBurstAction=none\n' >/etc/systemd/system.conf.d/zzz-site.conf
