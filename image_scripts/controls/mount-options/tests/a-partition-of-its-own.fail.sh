echo 'LABEL=home /home ext4 defaults,noatime 0 2' >>/etc/fstab
