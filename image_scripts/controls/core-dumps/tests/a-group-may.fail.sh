sh "$HALLMARK_CONTROL/apply.sh"
useradd -m -s /bin/bash -g sudo jdoe
echo '@sudo - core 1048576' >/etc/security/limits.d/00-site.conf
