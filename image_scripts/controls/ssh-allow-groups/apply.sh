#!/bin/sh
# A8: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

dropin=/etc/ssh/sshd_config.d/00-hallmark-ssh-allow-groups.conf
[ -n "$HM_GROUPS" ] || fail "parameter groups: expected at least one group"

# Those who are in a group without being named; their own group becomes one that opens nothing.
reduce_group() {
    awk -F : -v group="$1" -v allowed=" $HM_ADMINISTRATORS $HM_MEMBERS " '
        FILENAME == "/etc/group" {
            if ($1 != group) next
            number = $3
            n = split($4, member, ",")
            for (i = 1; i <= n; i++) if (!index(allowed, " " member[i] " ")) print "member", member[i]
            next
        }
        $4 == number && !index(allowed, " " $1 " ") { print "own", $1 }
    ' /etc/group /etc/passwd | while read -r how user; do
        case $how in
            member) gpasswd -d "$user" "$1" >/dev/null ;;
            own) usermod -g nogroup "$user" ;;
        esac
    done
}

for group in $HM_GROUPS; do
    grep -q "^$group:" /etc/group || groupadd -r "$group"
    reduce_group "$group"
done
for user in $HM_ADMINISTRATORS; do
    usermod -a -G "${HM_GROUPS%% *}" "$user"
done
write_file 0644 root:root "$dropin" <<END
# Written by Hallmark (control ssh-allow-groups).
AllowGroups $HM_GROUPS
END
ssh_claim /etc/ssh/sshd_config "$dropin" AllowGroups
sshd_clear_options
sshd_effective >/dev/null
