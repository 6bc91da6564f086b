sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/tmpfiles.d/zz-hallmark-logs.conf
