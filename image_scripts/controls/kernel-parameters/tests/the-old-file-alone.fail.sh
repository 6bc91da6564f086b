# systemd does not read it.
while IFS='	' read -r key value _; do
    echo "$key = $value"
done <"$HALLMARK_TABLE" >/etc/sysctl.conf
