sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -s /bin/bash jdoe
echo 'jdoe hard nproc 90000' >>/etc/security/limits.conf
