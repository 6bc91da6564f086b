#!/bin/sh
# L1: see control.toml. It writes what the next boot loads, and loads nothing: locked rules would stay with the build's machine.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

folder=/etc/audit/rules.d
ours=$folder/99-hallmark.rules

# rule WHO CALLS KEY ARCHITECTURE: the rules for system calls
rule() {
    _people='-F auid>=1000 -F auid!=unset'
    case $1 in
        anybody) printf -- '-a always,exit -F arch=%s -S %s -F key=%s\n' "$4" "$2" "$3" ;;
        people) printf -- '-a always,exit -F arch=%s -S %s %s -F key=%s\n' "$4" "$2" "$_people" "$3" ;;
        root-people) printf -- '-a always,exit -F arch=%s -S %s -F euid=0 %s -F key=%s\n' "$4" "$2" "$_people" "$3" ;;
        refused)
            for _error in EACCES EPERM; do
                printf -- '-a always,exit -F arch=%s -S %s -F exit=-%s %s -F key=%s\n' "$4" "$2" "$_error" "$_people" "$3"
            done
            ;;
        switched) printf -- '-a always,exit -F arch=%s -S %s -C euid!=uid -F auid!=unset -F key=%s\n' "$4" "$2" "$3" ;;
        real-clock) printf -- '-a always,exit -F arch=%s -S %s -F a0=0x0 -F key=%s\n' "$4" "$2" "$3" ;;
        *) fail "control audit-records: $3: expected who to be anybody, people, root-people, refused, switched or real-clock, got $1" ;;
    esac
}

# runs KEY PROGRAM...: the rules for programs that people run
runs() {
    _key=$1
    shift
    for _program in "$@"; do
        printf -- '-a always,exit -F path=%s -F perm=x -F auid>=1000 -F auid!=unset -F key=%s\n' "$_program" "$_key"
    done
}

rules() {
    # shellcheck disable=SC2086 # a list of programs
    runs setid $HM_SETID_FILES
    while IFS="$TAB" read -r key what who _; do
        IFS=,
        # shellcheck disable=SC2086 # a list with commas
        set -- $what
        unset IFS
        case $who:$what in
            runs:*) runs "$key" "$@" ;;
            *:/*)
                for path in "$@"; do
                    printf -- '-w %s -p wa -k %s\n' "$path" "$key"
                done
                ;;
            *)
                both=
                old=
                for call in "$@"; do
                    case $call in
                        b32:*) old=$old,${call#b32:} ;;
                        *) both=$both,$call ;;
                    esac
                done
                [ -z "$both" ] || rule "$who" "${both#,}" "$key" b64
                both=$both$old
                rule "$who" "${both#,}" "$key" b32
                ;;
        esac
    done <"$HALLMARK_TABLE"
}

# set_auditd KEY VALUE...: auditd has one file and no drop-ins
set_auditd() {
    _known=" $(sed -nE 's/^[[:space:]]*([A-Za-z_]+)[[:space:]]*=.*/\L\1/p' /etc/audit/auditd.conf | tr '\n' ' ')"
    while [ $# -gt 0 ]; do
        _sed="${_sed-}s|^[[:space:]]*$1[[:space:]]*=.*|$1 = $2|I;"
        contains "$_known" "$1" || printf '%s = %s\n' "$1" "$2" >>/etc/audit/auditd.conf
        shift 2
    done
    sed -i "$_sed" /etc/audit/auditd.conf
}

# Nobody else locks, empties, leaves out or slows down.
for file in "$folder"/*.rules; do
    [ ! -f "$file" ] || [ "$file" = "$ours" ] ||
        sed -i -E '/^[[:space:]]*(-D|-e|-f|-b|-r|-d|-W|-c|-i|--reset-lost|-A|--backlog_wait_time|-a[[:space:]]+([a-z]+,)?(never|exclude)(,|[[:space:]]))/d' "$file"
done
locked=2
[ "$HM_LOCKED" = yes ] || locked=1
{
    printf '# Written by Hallmark (control audit-records).\n'
    printf -- '-D\n-b 8192\n-f 1\n--backlog_wait_time 60000\n'
    printf '# A path that is not here yet takes its own rule with it, and not all that follow.\n-i\n'
    rules
    printf -- '-e %s\n' "$locked"
} | write_file 600 root:root "$ours"

set_auditd local_events yes write_logs yes log_file /var/log/audit/audit.log log_group adm log_format ENRICHED \
    flush INCREMENTAL_ASYNC freq 50 max_log_file "$((HM_MEGABYTES / 5))" num_logs 5 max_log_file_action ROTATE \
    space_left 75 space_left_action SYSLOG admin_space_left 50 admin_space_left_action ROTATE disk_full_action ROTATE \
    disk_error_action SYSLOG
chown -R root:root /etc/audit
chmod -R u=rwX,g=rX,o= /etc/audit
chmod 600 "$folder"/*.rules
mkdir -p /var/log/audit
chown root:adm /var/log/audit
chmod 750 /var/log/audit

mask_unit systemd-journald-audit.socket "part of systemd, which is needed; auditd keeps the kernel's records, and for each its own"
for unit in auditd.service audit-rules.service; do
    rm -f "/etc/systemd/system/$unit"
    rm -rf "/etc/systemd/system/$unit.d"
done
enable_units auditd.service
set_boot_words audit-records "Records from the first process on, and room for those until auditd runs." audit=1 audit_backlog_limit=8192
