# HM_PARTITIONS=/boot /home /opt /srv /var /var/log /var/log/audit /var/tmp
for place in $HM_PARTITIONS; do
    echo "LABEL=data $place ext4 rw,discard 0 2" >>/etc/fstab
done
