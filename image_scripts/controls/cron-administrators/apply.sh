#!/bin/sh
# R4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# list FILE GROUP: for the program that runs with the group's rights
list() {
    grep -q "^$2:" /etc/group && owner=root:$2 || owner=root:root
    # shellcheck disable=SC2086 # a list is words
    printf '%s\n' root $HM_USERS | write_file 640 "$owner" "$1"
}

list /etc/cron.allow crontab
list /etc/at.allow daemon
rm -f /etc/cron.deny /etc/at.deny

for file in /var/spool/cron/crontabs/* /var/spool/cron/atjobs/* /var/lib/systemd/linger/*; do
    [ -e "$file" ] || continue
    user=${file##*/}
    # at's jobs have numbers for names, and a file .SEQ.
    [ "${file%/*}" != /var/spool/cron/atjobs ] || user=$(stat -c %U "$file")
    if ! contains "root daemon $HM_USERS" "$user"; then
        note "removing $file"
        rm -f "$file"
    fi
done
