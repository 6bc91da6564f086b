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
        function is(name, expected) {
            if (value[name] != expected) bad("Defaults " name ": expected " expected ", got \"" value[name] "\"")
        }
        function isnt(name, unwanted) {
            if (value[name] == unwanted) bad("Defaults " name ": expected anything but " unwanted)
        }
        function within(name, least, most) {
            if (value[name] !~ /^-?[0-9.]+$/ || value[name] + 0 < least || value[name] + 0 > most)
                bad("Defaults " name ": expected " least " to " most ", got \"" value[name] "\"")
        }
        { parse($0) }
        field[1] == "defaults" { value[field[3]] = field[5]; next }
        field[1] ~ /^defaults_/ && field[1] != "defaults_type" {
            if (field[3] ~ /^(authenticate|use_pty|env_reset|log_allowed|logfile|syslog)$/ && field[5] == "false")
                bad(field[1] " " field[2] ": " field[3] " is off for them")
            if (field[3] ~ /^(visiblepw|targetpw|rootpw|runaspw|exempt_group|timestamp_timeout)$/ && field[5] != "false")
                bad(field[1] " " field[2] ": " field[3] " is " field[5])
        }
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
            is("use_pty", "true"); is("ignore_dot", "true"); is("env_reset", "true"); is("logfile", log_file)
            isnt("authenticate", "false"); isnt("log_allowed", "false"); isnt("syslog", "false")
            isnt("visiblepw", "true"); isnt("targetpw", "true"); isnt("rootpw", "true"); isnt("runaspw", "true")
            if ("exempt_group" in value && value["exempt_group"] != "false") bad("Defaults exempt_group: " value["exempt_group"])
            if (value["secure_path"] == "" || value["secure_path"] ~ /(^|:)(\.|:|$|\/tmp|\/home)/)
                bad("Defaults secure_path: \"" value["secure_path"] "\"")
            if (value["umask"] != "0077") is("umask", umask)
            isnt("timestamp_type", "global")
            within("timestamp_timeout", 0, timeout); within("passwd_tries", 1, 3)
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
policy=$(cvtsudoers -e -f csv /etc/sudoers 2>&1) || fail "sudo's policy cannot be read: $policy"
printf '%s\n' "$policy" | judge_policy || finding "sudo's policy is not the recipe's"
judge_groups || finding "others could become root through a group"
loose=$(find /etc/sudoers /etc/sudoers.d \( ! -user root -o -perm /022 \) -printf '%p (%u %m) ')
[ -z "$loose" ] || finding "others than root may write $loose"
for file in /etc/doas.conf /usr/local/etc/doas.conf; do
    [ ! -e "$file" ] || finding "$file: another way to become root"
done
conclude "administrators alone become root, and each command is logged"
