# As a tool chain that was unpacked by hand calls itself.
mkdir -p /usr/local/bin
printf '#!/bin/sh\n' >/usr/local/bin/x86_64-linux-gnu-gcc-14
chmod 0755 /usr/local/bin/x86_64-linux-gnu-gcc-14
