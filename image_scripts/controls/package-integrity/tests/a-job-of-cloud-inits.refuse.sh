# HALLMARK_PHASE=drift
# cloud-init runs it as root at each boot.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /var/lib/cloud/scripts/per-boot
printf '#!/bin/sh\nexec /srv/helper\n' >/var/lib/cloud/scripts/per-boot/helper
