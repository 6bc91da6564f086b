#!/bin/sh
# R4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

set_kernel_parameters ctrl-alt-del "Written by Hallmark (control ctrl-alt-del)." <"$HALLMARK_TABLE"
# What was enabled in its place, by name or by being wanted.
rm -rf /etc/systemd/system/ctrl-alt-del.target /run/systemd/system/ctrl-alt-del.target
mask_unit ctrl-alt-del.target "part of systemd, which is needed; it restarts the machine for whoever is at the console"
leave_out 'CtrlAltDelBurstAction[[:space:]]*=' /etc/systemd/system.conf /etc/systemd/system.conf.d/*.conf
write_file 644 root:root /etc/systemd/system.conf.d/zz-hallmark-ctrl-alt-del.conf <<END
# Written by Hallmark (control ctrl-alt-del).
[Manager]
CtrlAltDelBurstAction=none
END
