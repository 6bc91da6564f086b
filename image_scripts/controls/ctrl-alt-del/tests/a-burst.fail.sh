sh "$HALLMARK_CONTROL/apply.sh"
printf '[Manager]\nCtrlAltDelBurstAction=poweroff-immediate\n' >/etc/systemd/system.conf.d/zzz-site.conf
