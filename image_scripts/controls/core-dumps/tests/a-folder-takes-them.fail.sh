sh "$HALLMARK_CONTROL/apply.sh"
echo 'kernel.core_pattern = /var/crash/core.%p' >/etc/sysctl.d/zzz-site.conf
