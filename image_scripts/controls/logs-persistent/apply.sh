#!/bin/sh
# L2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

ours=/etc/systemd/journald.conf.d/zz-hallmark.conf
keys='Storage|Compress|SystemMaxUse|SystemKeepFree|SystemMaxFileSize|SystemMaxFiles|MaxRetentionSec|MaxFileSec|MaxLevelStore|ReadKMsg|SplitMode'
keys="$keys|RateLimitIntervalSec|RateLimitBurst|ForwardToSyslog"
edit_files "/^[[:space:]]*($keys)[[:space:]]*=/d" \
    /etc/systemd/journald.conf /etc/systemd/journald.conf.d/*.conf /usr/local/lib/systemd/journald.conf.d/*.conf
edit_files 's/[[:space:]]*systemd\.journald\.[^"[:space:]]*//g' /etc/default/grub /etc/default/grub.d/*.cfg
rm -f /etc/systemd/system/systemd-journal-flush.service /etc/systemd/system/systemd-journald.service \
    /etc/systemd/system/systemd-journald.socket /etc/systemd/system/systemd-journald-dev-log.socket
rm -rf /etc/systemd/system/systemd-journald.service.d /etc/systemd/system/systemd-journal-flush.service.d
write_file 644 root:root "$ours" <<END
# Written by Hallmark (control logs-persistent).
[Journal]
Storage=persistent
Compress=yes
SystemMaxUse=$HM_SIZE
SystemKeepFree=$HM_KEEP_FREE
# What forwards logs reads the journal itself, and misses nothing while it is not there.
ForwardToSyslog=no
END
repeat_in /etc/systemd/journald.conf '^\[Journal\]' <"$ours"

# systemd's own file lets everybody into the folder; the last line for a mode counts. The records of sign-ins are made before anybody
# signs in: those who write them would let everybody read them.
write_file 644 root:root /etc/tmpfiles.d/zz-hallmark-logs.conf <<'END'
# Written by Hallmark (control logs-persistent).
d /var/log/journal 2750 root systemd-journal -
z /var/log/journal 2750 root systemd-journal -
z /var/log/journal/%m 2750 root systemd-journal -
f /var/log/btmp 0660 root utmp -
f /var/log/lastlog 0660 root utmp -
f /var/log/wtmp 0660 root utmp -
f /var/log/wtmp.db 0660 root utmp -
END
edit_files 's/^([[:space:]]*create) 0?66[0-9] root utmp/\1 0660 root utmp/' \
    /etc/logrotate.d/wtmp /etc/logrotate.d/btmp /etc/logrotate.d/wtmpdb /etc/logrotate.conf

# A log that is turned each day is one that nobody has to search for long; as much of it stays as before.
[ ! -f /etc/logrotate.conf ] ||
    sed -i -E 's/^(weekly|monthly|yearly)[[:space:]]*$/daily/; s/^rotate 4[[:space:]]*$/rotate 28/' /etc/logrotate.conf

[ -d /var/log/journal ] || mkdir /var/log/journal
find /var/log/journal \( ! -user root -o ! -group systemd-journal \) -exec chown root:systemd-journal {} +
find /var/log/journal -perm /0007 -exec chmod o= {} +
for file in /var/log/btmp* /var/log/lastlog /var/log/wtmp*; do
    if [ -f "$file" ] && [ ! -L "$file" ]; then
        chown root:utmp "$file"
        chmod 0660 "$file"
    fi
done
