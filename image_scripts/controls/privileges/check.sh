#!/bin/sh
# A7: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

# The policy as sudo reads it, aliases expanded and files joined, one judged line a rule.
judge_policy() {
    awk -v administrators=" $HM_ADMINISTRATORS " -v nopasswd="$HM_NOPASSWD" -v timeout="$HM_TIMESTAMP_TIMEOUT" -v umask="$HM_UMASK" \
        -v log_file="$HM_LOG" '
        function bad(text) { print "FAIL sudo: " text; failed = 1 }
        # the fields of a line of comma-separated values, into field[]
        function parse(line,    n, quoted, i, c) {
            n = 1; field[1] = ""; quoted = 0
            for (i = 1; i <= length(line); i++) {
                c = substr(line, i, 1)
                if (c == "\"") quoted = !quoted
                else if (c == "," && !quoted) field[++n] = ""
                else field[n] = field[n] c
            }
            return n
        }
        function outside(v, least, most) { return v !~ /^-?[0-9.]+$/ || v + 0 < least || v + 0 > most }
        # what a setting should be, where it is not
        function flaw(name, v) {
            if (name ~ /^(use_pty|ignore_dot|env_reset)$/ && v != "true") return "true"
            if (name ~ /^(authenticate|log_allowed|syslog|pam_acct_mgmt|pam_session)$/ && v == "false") return "anything but false"
            if (name ~ /^(visiblepw|targetpw|rootpw|runaspw)$/ && v == "true") return "anything but true"
            if (name == "exempt_group" && v != "" && v != "false") return "none"
            if (name == "logfile" && v != log_file) return log_file
            if (name == "umask" && v != umask && v != "0077") return umask
            if (name == "secure_path" && (v == "" || v ~ /(^|:)(\.|:|$|\/tmp|\/home)/)) return "folders of the system"
            if (name == "timestamp_type" && v == "global") return "anything but global"
            if (name == "timestamp_timeout" && outside(v, 0, timeout)) return "0 to " timeout
            if (name == "passwd_tries" && outside(v, 1, 3)) return "1 to 3"
            # Another one has other rules: those of su let in whoever is root, as sudo is when it asks.
            if (name ~ /^pam_(login_)?service$/ && v !~ /^(sudo(-i)?)?$/) return "sudo"
        }
        function judge(where, name, v) {
            if (flaw(name, v) != "") bad(where ": " name ": expected " flaw(name, v) ", got \"" v "\"")
        }
        { parse($0) }
        field[1] == "defaults" { value[field[3]] = field[5]; next }
        field[1] ~ /^defaults_/ && field[1] != "defaults_type" { judge(field[1] " " field[2], field[3], field[5]); next }
        field[1] == "rule" && field[2] != "user" {
            principals = field[2]; options = field[6]; command = field[7]
            n = split(principals, principal, ",")
            for (i = 1; i <= n; i++) {
                who = principal[i]
                if (who == "root") continue
                if (who != "%sudo" && !index(administrators, " " who " ")) {
                    bad(who " may run " command ": expected rules for root, %sudo and administrators alone")
                    continue
                }
                if (options ~ /!authenticate/ && nopasswd != "yes")
                    bad(who " may run " command " without a password, which the recipe does not declare")
                if (who == "%sudo") reached = 1
                print "rule for " who ": " (options == "" ? "" : options " ") command
            }
        }
        END {
            n = split("use_pty ignore_dot env_reset authenticate log_allowed syslog pam_acct_mgmt pam_session visiblepw targetpw rootpw " \
                "runaspw exempt_group logfile umask secure_path timestamp_type timestamp_timeout passwd_tries pam_service " \
                "pam_login_service", names, " ")
            for (i = 1; i <= n; i++) judge("Defaults", names[i], value[names[i]])
            if (administrators !~ /^ *$/ && !reached) bad("no rule for %sudo: administrators could do nothing")
            exit failed
        }
    '
}

judge_groups() {
    awk -F : -v groups=" $ROOT_GROUPS sudo " -v administrators=" $HM_ADMINISTRATORS $(people_in sudo)" \
        -v live="$([ "$HALLMARK_PHASE" = drift ] && echo yes || echo no)" '
        function bad(text) { print "FAIL " text; failed = 1 }
        FILENAME == "/etc/passwd" { if ($1 != "root") own[$4] = own[$4] " " $1; next }
        index(groups, " " $1 " ") {
            n = split(own[$3], member, " ")
            for (i = 1; i <= n; i++) bad("group " $1 ": is the own group of " member[i])
            n = split($4, member, ",")
            for (i = 1; i <= n; i++) {
                if ($1 != "sudo" || !index(administrators, " " member[i] " ")) bad("group " $1 ": has the member " member[i])
                else { print "group sudo: " member[i]; administrator[member[i]] = 1 }
            }
        }
        END {
            n = split(administrators, wanted, " ")
            for (i = 1; live != "yes" && i <= n; i++) if (!(wanted[i] in administrator))
                bad("group sudo: misses the administrator " wanted[i])
            exit failed
        }
    ' /etc/passwd /etc/group
}

[ -x /usr/sbin/visudo ] || fail "sudo is not installed"
broken=$(visudo -c 2>&1) || finding "sudo: $broken"
# A file of cvtsudoers' own could say what it leaves out.
policy=$(cvtsudoers -c /dev/null -e -f csv /etc/sudoers 2>&1) || fail "sudo's policy cannot be read: $policy"
printf '%s\n' "$policy" | judge_policy || finding "sudo's policy is not the recipe's"
judge_groups || finding "others could become root through a group"
loose=$(find /etc/sudoers /etc/sudoers.d \( ! -user root -o -perm /022 \) -printf '%p (%u %m) ')
[ -z "$loose" ] || finding "others than root may write $loose"
for file in $(other_ways); do
    finding "$file: another way to become root"
done
conclude "administrators alone become root, and each command is logged"
