#!/bin/sh
# A8: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

judge_members() {
    awk -F : -v groups="$HM_GROUPS" -v administrators="$HM_ADMINISTRATORS" -v others="$HM_MEMBERS $guests" \
        -v live="$([ "$HALLMARK_PHASE" = drift ] && echo yes || echo no)" '
        function bad(text) { print "FAIL " text; failed = 1 }
        function joins(group, user) {
            if (index(" " administrators " " others " ", " " user " ")) { print "group " group ": " user; member[user] = 1 }
            else bad("group " group ": " user " may sign in, but the recipe does not say so")
        }
        FILENAME == "/etc/group" {
            if (!index(" " groups " ", " " $1 " ")) next
            found[$1] = 1; name[$3] = $1
            n = split($4, list, ",")
            for (i = 1; i <= n; i++) joins($1, list[i])
            next
        }
        $4 in name { joins(name[$4], $1) }
        END {
            n = split(groups, list, " ")
            for (i = 1; i <= n; i++) if (!(list[i] in found)) bad("group " list[i] ": does not exist")
            n = split(administrators, list, " ")
            for (i = 1; live != "yes" && i <= n; i++) if (!(list[i] in member)) bad(list[i] ": an administrator who may not sign in")
            exit failed
        }
    ' /etc/group /etc/passwd
}

guests=
for group in $HM_GROUPS; do
    guests="$guests $(people_in "$group")"
done
settings=$(sshd_effective) || fail "sshd refuses its configuration"
directives=$(sshd_directives)
ssh_judge sshd "allowgroups within $HM_GROUPS" "$settings" "$directives" || finding "sshd would let others in"
judge_members || finding "the groups' members are not those that the recipe names"
conclude "SSH lets in those who are named"
