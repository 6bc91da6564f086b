sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -s /bin/bash jdoe
echo 'jdoe - nproc 500' >>/etc/security/limits.conf
