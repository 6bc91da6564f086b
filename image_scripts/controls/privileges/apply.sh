#!/bin/sh
# A7: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

[ -x /usr/sbin/visudo ] || fail "sudo is not installed: list the package sudo in the recipe"
dropin=/etc/sudoers.d/zz-hallmark
tag=PASSWD:
[ "$HM_NOPASSWD" = no ] || tag=NOPASSWD:

policy() {
    cat <<END
# Written by Hallmark (control privileges). sudo keeps the last value that it reads: this file must sort last.
Defaults use_pty, env_reset, ignore_dot, !visiblepw, !targetpw, !rootpw, !runaspw
Defaults logfile=$HM_LOG, log_year, loglinelen=0
Defaults passwd_tries=3, passwd_timeout=1, timestamp_type=tty
Defaults timestamp_timeout=$HM_TIMESTAMP_TIMEOUT
Defaults umask=$HM_UMASK
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
%sudo ALL=(ALL:ALL) $tag ALL
END
}

# What packages bring stays (the check judges it); what cloud-init or somebody else wrote goes.
remove_other_files() {
    for file in /etc/sudoers.d/* /etc/sudoers.d/.[!.]*; do
        case $file in
            "$dropin" | */README | '/etc/sudoers.d/*' | '/etc/sudoers.d/.[!.]*') ;;
            *) grep -qsFx -- "$file" /var/lib/dpkg/info/*.list || rm -rf "$file" ;;
        esac
    done
}

# In the main file only root's rule, the group's, the defaults for all and aliases stay.
reduce_main_file() {
    awk '
        /^[ \t]*(#|$)/ || /^@include/ || /^[A-Z][a-z]+_Alias[ \t]/ { print; next }
        /^Defaults[ \t]/ && !/!(authenticate|use_pty|env_reset|log|syslog|pam)|pam_[a-z]*service|exempt_group|[^!](visiblepw|targetpw|rootpw|runaspw)/ { print; next }
        /^(root|%sudo)[ \t]+ALL=\(ALL:ALL\) ALL$/ { print; next }
        { print "# taken out by Hallmark: " $0 }
    ' /etc/sudoers >/run/hallmark-sudoers
    write_file 0440 root:root /etc/sudoers </run/hallmark-sudoers
    rm -f /run/hallmark-sudoers
}

# The groups' members, and those who have one as their own group.
reduce_groups() {
    awk -F : -v groups=" $ROOT_GROUPS sudo " -v administrators=" $HM_ADMINISTRATORS " '
        FILENAME == "/etc/passwd" { if ($1 != "root") own[$4] = own[$4] " " $1; next }
        index(groups, " " $1 " ") {
            n = split($4, member, ",")
            for (i = 1; i <= n; i++)
                if ($1 != "sudo" || !index(administrators, " " member[i] " ")) print "member", member[i], $1
            n = split(own[$3], member, " ")
            for (i = 1; i <= n; i++) print "own", member[i], $1
        }
    ' /etc/passwd /etc/group | while read -r how user group; do
        case $how in
            member) gpasswd -d "$user" "$group" >/dev/null ;;
            own) usermod -g nogroup "$user" ;;
        esac
    done
    for user in $HM_ADMINISTRATORS; do
        usermod -a -G sudo "$user"
    done
}

rotation() {
    cat <<END
# Written by Hallmark (control privileges).
$HM_LOG {
    monthly
    rotate 12
    compress
    delaycompress
    missingok
    notifempty
    create 0600 root root
}
END
}

remove_other_files
reduce_main_file
policy | write_file 0440 root:root "$dropin"
chown root:root /etc/sudoers.d
chmod go-w /etc/sudoers.d
reduce_groups
other_ways | while IFS= read -r file; do
    note "removing $file"
    rm -f "$file"
done
[ ! -d /etc/logrotate.d ] || rotation | write_file 0644 root:root /etc/logrotate.d/hallmark-sudo
visudo -c -q
