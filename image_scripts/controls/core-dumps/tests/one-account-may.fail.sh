sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -s /bin/bash jdoe
echo 'jdoe hard core unlimited' >>/etc/security/limits.conf
