sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -s /bin/bash jdoe
echo 'jdoe -' >/etc/security/limits.d/00-site.conf
