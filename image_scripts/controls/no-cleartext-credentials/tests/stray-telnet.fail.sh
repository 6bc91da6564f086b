# A client that no package brought.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf '#!/bin/sh\n' >/usr/local/bin/telnet
chmod 0755 /usr/local/bin/telnet
