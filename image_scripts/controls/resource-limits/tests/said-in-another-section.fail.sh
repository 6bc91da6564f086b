# Limits of a slice stand in the section Slice.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/user-.slice.d
printf '[Slice]\nTasksMax=infinity\n[Unit]\nTasksMax=100\n' >/etc/systemd/system/user-.slice.d/zzz-site.conf
