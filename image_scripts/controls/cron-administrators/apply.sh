#!/bin/sh
# R4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

# list FILE PROGRAM: for root, and for the group with whose rights the program runs
list() {
    owner=root:root
    [ ! -g "$2" ] || owner=root:$(stat -c %G "$2")
    # shellcheck disable=SC2086 # a list is words
    printf '%s\n' root $HM_USERS | write_file 640 "$owner" "$1"
}

list /etc/cron.allow /usr/bin/crontab
list /etc/at.allow /usr/bin/at
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
