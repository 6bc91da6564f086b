# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system-generators
printf '#!/bin/sh\nexec /srv/helper\n' >/etc/systemd/system-generators/helper
chmod 755 /etc/systemd/system-generators/helper
