# Put there by hand: no package owns it.
mkdir -p /usr/local/sbin
printf '#!/bin/sh\n' >/usr/local/sbin/nginx
chmod 0755 /usr/local/sbin/nginx
