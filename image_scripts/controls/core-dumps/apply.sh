#!/bin/sh
# R3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

set_kernel_parameters core-dumps "Written by Hallmark (control core-dumps)." <"$HALLMARK_TABLE"

# Of lines for everybody the last one counts: Debian's 10-coredump-debian.conf has some that raise the limits. A line for one account or group
# would count more, and `ACCOUNT -` alone takes all limits away.
limits=/etc/security/limits.d/zz-hallmark-core.conf
leave_out '[^#[:space:]]+[[:space:]]+((soft|hard|-)[[:space:]]+core([[:space:]]|$)|-[[:space:]]*$)' \
    /etc/security/limits.conf /etc/security/limits.d/*.conf
write_file 644 root:root "$limits" <<'END'
# Written by Hallmark (control core-dumps). root is not among everybody.
* hard core 0
* soft core 0
root hard core 0
root soft core 0
END

# For shells that PAM does not see, such as that of a container's or a rescue system's.
write_file 644 root:root /etc/profile.d/zz-hallmark-core.sh <<'END'
# Written by Hallmark (control core-dumps).
ulimit -c 0
END

leave_out '(DefaultLimitCORE|DumpCore)[[:space:]]*=' \
    /etc/systemd/system.conf /etc/systemd/system.conf.d/*.conf /etc/systemd/user.conf /etc/systemd/user.conf.d/*.conf
write_file 644 root:root /etc/systemd/system.conf.d/zz-hallmark-core.conf <<'END'
# Written by Hallmark (control core-dumps). After Debian's 10-coredump-debian.conf.
[Manager]
DefaultLimitCORE=0:0
DumpCore=no
END
write_file 644 root:root /etc/systemd/user.conf.d/zz-hallmark-core.conf <<'END'
# Written by Hallmark (control core-dumps). After Debian's 10-coredump-debian.conf.
[Manager]
DefaultLimitCORE=0:0
END
# Should somebody install systemd-coredump.
leave_out '(Storage|ProcessSizeMax)[[:space:]]*=' /etc/systemd/coredump.conf /etc/systemd/coredump.conf.d/*.conf
write_file 644 root:root /etc/systemd/coredump.conf.d/zz-hallmark-core.conf <<'END'
# Written by Hallmark (control core-dumps).
[Coredump]
Storage=none
ProcessSizeMax=0
END
