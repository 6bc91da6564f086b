#!/bin/sh
# L4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

unit=hallmark-integrity
database=/var/lib/aide/aide.db
mkdir -p /var/lib/aide /etc/aide
chown root:root /var/lib/aide /etc/aide
chmod 700 /var/lib/aide
chmod go-w /etc/aide

sh "$HALLMARK_CONTROL/configuration.sh" | write_file 600 root:root /etc/aide/aide.conf
write_file 644 root:root "/etc/systemd/system/$unit.service" <"$HALLMARK_CONTROL/$unit.service"
sed "s|@when@|$HM_WHEN|" "$HALLMARK_CONTROL/$unit.timer" | write_file 644 root:root "/etc/systemd/system/$unit.timer"
rm -rf "/etc/systemd/system/$unit.service.d" "/etc/systemd/system/$unit.timer.d"
enable_units "$unit.timer"

# The build makes it last. One that is there stays: a new one would take for good whatever has changed.
if [ "$HALLMARK_PHASE" = build ]; then
    rm -f "$database"
elif [ ! -s "$database" ] || [ -n "$(find /etc/aide/aide.conf -newer "$database")" ]; then
    sh "$HALLMARK_CONTROL/database.sh"
fi
