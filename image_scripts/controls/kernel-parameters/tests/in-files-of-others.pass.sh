while IFS='	' read -r key value _; do
    echo "$key=$value"
done <"$HALLMARK_TABLE" >/etc/sysctl.d/60-site.conf
echo 'vm.swappiness = 10' >>/etc/sysctl.d/60-site.conf
