sh "$HALLMARK_CONTROL/apply.sh"
printf '#!/bin/sh\n' >/usr/local/sbin/hostapd
