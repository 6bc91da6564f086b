sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /usr/lib/cloud-init/clouddir
chmod 1777 /usr/lib/cloud-init/clouddir
