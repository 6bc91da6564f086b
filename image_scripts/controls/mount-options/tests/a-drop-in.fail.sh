sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/systemd/system/tmp.mount.d
printf '[Mount]\nOptions=mode=1777\n' >/etc/systemd/system/tmp.mount.d/site.conf
