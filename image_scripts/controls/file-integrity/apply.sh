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

# A list holds regular expressions: their `*` is not the shell's.
set -f
{
    cat <<END
# Written by Hallmark (control file-integrity).
database_in=file:$database
database_out=file:$database.new
gzip_dbout=no
report_url=stdout
log_level=warning
report_level=changed_attributes
Content = p+u+g+ftype+s+sha256+caps+acl+xattrs
Link = u+g+ftype+l
Folder = p+u+g+ftype+acl+xattrs
END
    for path in $HM_EXCLUDED; do
        printf '!%s\n' "$path"
    done
    # What would be changed first by somebody who hides: all that AIDE can compare.
    for tool in auditctl auditd augenrules aureport ausearch autrace; do
        printf '/usr/sbin/%s p+i+n+u+g+s+b+acl+selinux+xattrs+sha512\n' "$tool"
    done
    for path in $HM_PATHS; do
        printf '%s f Content\n%s l Link\n%s d Folder\n' "$path" "$path" "$path"
    done
} | write_file 600 root:root /etc/aide/aide.conf
set +f

write_file 644 root:root "/etc/systemd/system/$unit.service" <<END
# Written by Hallmark (control file-integrity).
[Unit]
Description=Comparison of this machine's programs with those of its image
ConditionPathExists=$database

[Service]
Type=oneshot
ExecStart=/usr/bin/aide --config=/etc/aide/aide.conf --check
Nice=19
CPUSchedulingPolicy=idle
IOSchedulingClass=idle
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
END
write_file 644 root:root "/etc/systemd/system/$unit.timer" <<END
# Written by Hallmark (control file-integrity).
[Unit]
Description=Daily comparison of this machine's programs with those of its image

[Timer]
OnCalendar=$HM_WHEN
RandomizedDelaySec=2h
Persistent=yes

[Install]
WantedBy=timers.target
END
rm -rf "/etc/systemd/system/$unit.service.d" "/etc/systemd/system/$unit.timer.d"
enable_units "$unit.timer"

# The build makes it last. One that is there stays: a new one would take for good whatever has changed.
if [ "$HALLMARK_PHASE" = build ]; then
    rm -f "$database"
elif [ ! -s "$database" ] || [ -n "$(find /etc/aide/aide.conf -newer "$database")" ]; then
    sh "$HALLMARK_CONTROL/database.sh"
fi
