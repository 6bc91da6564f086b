#!/bin/sh
# L1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -n "$HM_SERVERS" ] || not_applicable "the recipe names no time server (time-authenticated: servers)"

servers() {
    for server in $HM_SERVERS; do
        printf 'server %s iburst nts\n' "$server"
    done
}

# No folder of drop-ins, and none of what DHCP says: a source that is not authenticated would be one word away.
write_file 644 root:root /etc/chrony/chrony.conf <<END
# Written by Hallmark (control time-authenticated).
$(servers)
authselectmode require
minsources $HM_AGREEING
ntsdumpdir /var/lib/chrony
driftfile /var/lib/chrony/chrony.drift
leapseclist /usr/share/zoneinfo/leap-seconds.list
maxupdateskew 100.0
# A step at first, then slowly: programs do not like a clock that jumps.
makestep 1 3
rtcsync
# It serves nobody, and takes commands by its socket alone.
port 0
cmdport 0
user _chrony
END
write_file 644 root:root /etc/default/chrony <<'END'
# Written by Hallmark (control time-authenticated): chronyd confines itself to the system calls that it needs.
DAEMON_OPTS="-F 1"
END
mask_unit chrony-wait.service "part of chrony; nothing may wait until time servers answer"
for unit in chrony.service chronyd.service; do
    [ ! -f "/etc/systemd/system/$unit" ] || [ -L "/etc/systemd/system/$unit" ] || rm -f "/etc/systemd/system/$unit"
    [ "$(readlink "/etc/systemd/system/$unit" || true)" != /dev/null ] || rm -f "/etc/systemd/system/$unit"
    rm -rf "/etc/systemd/system/$unit.d"
done
enable_units chrony.service
