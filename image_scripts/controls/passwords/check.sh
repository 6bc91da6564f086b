#!/bin/sh
# A10: see control.toml. Reads the PAM stacks as Linux-PAM does (order, jumps, arguments over configuration files).
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

judge() {
    awk -v min_length="$HM_MIN_LENGTH" -v remember="$HM_REMEMBER" -v deny="$HM_DENY" -v interval="$HM_INTERVAL" \
        -v unlock="$HM_UNLOCK_TIME" -v dictionary="$HM_DICTIONARY" '
        function bad(text) { print "FAIL " text; failed = 1 }
        # options[KIND, NAME] of a module, from its arguments
        function take(kind, from,    i, at) {
            for (i = from; i <= NF; i++) {
                at = index($i, "=")
                if (at) option[kind, substr($i, 1, at - 1)] = substr($i, at + 1)
                else option[kind, $i] = "set"
            }
        }
        function least(kind, name, wanted, where) {
            if (option[kind, name] !~ /^-?[0-9]+$/ || option[kind, name] + 0 < wanted + 0)
                bad(where ": " name ": expected " wanted " or more, got \"" option[kind, name] "\"")
            else print where ": " name " " option[kind, name]
        }
        function most(kind, name, wanted, where) {
            if (option[kind, name] !~ /^-?[0-9]+$/ || option[kind, name] + 0 > wanted + 0)
                bad(where ": " name ": expected " wanted " or less, got \"" option[kind, name] "\"")
            else print where ": " name " " option[kind, name]
        }
        function lasting(kind) {
            most(kind, "deny", deny, "pam_faillock"); if (option[kind, "deny"] == 0) bad("pam_faillock: deny: 0 locks never")
            least(kind, "fail_interval", interval, "pam_faillock")
            if (option[kind, "unlock_time"] != 0 && option[kind, "unlock_time"] != "never")
                least(kind, "unlock_time", unlock == 0 ? 999999999 : unlock, "pam_faillock")
        }
        FNR == 1 { file = FILENAME; sub(/.*\//, "", file); folder = FILENAME; sub(/\/[^\/]*$/, "", folder) }
        { sub(/#.*/, "") }
        file == "login.defs" { if ($1 == "ENCRYPT_METHOD") method = $2; next }
        folder ~ /^\/etc\/security/ {
            if (!NF) next
            line = $0; gsub(/[ \t]*=[ \t]*/, "=", line); $0 = line
            if (file == "faillock.conf") { take("preauth", 1); take("authfail", 1) }
            else if (file == "pwhistory.conf") take("history", 1)
            else take("quality", 1)
            next
        }
        !NF { next }
        {
            type = $1; sub(/^-/, "", type)
            if (type == "@include") next
            control = $2; module = 3
            if ($2 ~ /^\[/) {
                while ($(module - 1) !~ /\]$/ && module <= NF) { control = control " " $module; module++ }
            }
            name = $module; sub(/.*\//, "", name); sub(/\.so$/, "", name)
            rest = " "; for (i = module + 1; i <= NF; i++) rest = rest $i " "
            if (name == "pam_unix" && rest ~ / nullok(_secure)? /) bad("/etc/pam.d/" file ": pam_unix has nullok: an empty password opens")
            if (name == "pam_rhosts") bad("/etc/pam.d/" file ": pam_rhosts: a name in a file opens")
            binding = control ~ /^(required|requisite)$/
            if (file !~ /^common-/) {
                if (type == "auth" && name ~ /^pam_(permit|unix)$/)
                    bad("/etc/pam.d/" file ": auth " name ": lets people in without the common rules")
                next
            }
            stack = file SUBSEP type
            at = ++size[stack]; names[stack, at] = name; controls[stack, at] = control
            if (name == "pam_unix" && !((stack, "unix") in place)) { place[stack, "unix"] = at; unix_arguments[stack] = rest }
            if (name == "pam_pwquality" && binding) { place[stack, "quality"] = at; take("quality", module + 1) }
            if (name == "pam_pwhistory" && binding) { place[stack, "history"] = at; take("history", module + 1) }
            if (name == "pam_faillock" && rest ~ / preauth / && binding) {
                place[stack, "preauth"] = at
                take("preauth", module + 1)
            }
            if (name == "pam_faillock" && rest ~ / authfail / && (binding || control ~ /default=(die|bad)/)) {
                place[stack, "authfail"] = at
                take("authfail", module + 1)
            }
            if (name == "pam_faillock" && binding) place[stack, "faillock"] = at
        }
        # before PLACE nothing may end the stack or jump with success
        function guarded(stack, until,    i) {
            for (i = 1; i < until; i++)
                if (controls[stack, i] ~ /sufficient|success=(done|ok|[0-9])/ && names[stack, i] != "pam_unix")
                    bad("/etc/pam.d/" substr(stack, 1, index(stack, SUBSEP) - 1) ": " names[stack, i] " (" controls[stack, i] ") comes before the rules")
        }
        END {
            stack = "common-auth" SUBSEP "auth"
            unix = place[stack, "unix"]
            if (!unix) bad("common-auth: no pam_unix")
            guarded(stack, unix)
            if (!place[stack, "preauth"] || place[stack, "preauth"] > unix)
                bad("common-auth: no pam_faillock preauth before pam_unix: a locked account still opens")
            if (!place[stack, "authfail"] || place[stack, "authfail"] < unix)
                bad("common-auth: no pam_faillock authfail behind pam_unix: guesses are not counted")
            jump = controls[stack, unix]
            if (match(jump, /success=[0-9]+/)) {
                target = unix + substr(jump, RSTART + 8, RLENGTH - 8) + 1
                if (target <= place[stack, "authfail"]) bad("common-auth: a right password counts as a wrong guess")
                if (names[stack, target] != "pam_permit") bad("common-auth: a right password leads to " names[stack, target])
            }
            lasting("preauth"); lasting("authfail")
            if (!place["common-account" SUBSEP "account", "faillock"])
                bad("common-account: no pam_faillock: guesses add up over right passwords")

            stack = "common-password" SUBSEP "password"
            unix = place[stack, "unix"]
            if (!unix) bad("common-password: no pam_unix")
            guarded(stack, unix)
            if (!place[stack, "quality"] || place[stack, "quality"] > unix)
                bad("common-password: no binding pam_pwquality before pam_unix")
            if (!place[stack, "history"] || place[stack, "history"] > unix)
                bad("common-password: no binding pam_pwhistory before pam_unix")
            if (unix_arguments[stack] !~ / use_authtok /)
                bad("common-password: pam_unix asks again (no use_authtok): what it gets was never judged")
            if (unix_arguments[stack] !~ / yescrypt /) bad("common-password: pam_unix does not hash with yescrypt")
            least("quality", "minlen", min_length > 16 ? min_length : 16, "pam_pwquality")
            split("dcredit ucredit lcredit ocredit", credit, " ")
            for (i in credit) most("quality", credit[i], -1, "pam_pwquality")
            if (dictionary == "yes") least("quality", "dictcheck", 1, "pam_pwquality")
            if (("quality", "enforcing") in option) least("quality", "enforcing", 1, "pam_pwquality")
            if (!(("quality", "enforce_for_root") in option))
                bad("pam_pwquality: enforce_for_root is not set: passwords that root sets are not judged")
            least("history", "remember", remember, "pam_pwhistory")
            if (method != "YESCRYPT") bad("/etc/login.defs: ENCRYPT_METHOD: expected YESCRYPT, got \"" method "\"")
            exit failed
        }
    ' /etc/login.defs "$@"
}

# exist FILE...: those that are there; the order is that in which they are read
exist() {
    for file in "$@"; do
        case $file in
            *.pam-old | *.dpkg-* | *~) ;;
            *) [ ! -f "$file" ] || printf '%s\n' "$file" ;;
        esac
    done
}

for modules in /usr/lib/*/security /lib/*/security; do
    [ ! -e "$modules/pam_unix.so" ] || break
done
for module in pam_pwquality pam_pwhistory pam_faillock; do
    [ -e "$modules/$module.so" ] || finding "$module: not installed"
done
# shellcheck disable=SC2046
judge $(exist /etc/security/faillock.conf /etc/security/pwhistory.conf /etc/security/pwquality.conf.d/*.conf \
    /etc/security/pwquality.conf /etc/pam.d/*) || finding "PAM would take other passwords, or guesses without end"
[ "$HM_DICTIONARY" = no ] || [ -s /var/cache/cracklib/cracklib_dict.pwd ] || finding "no dictionary (package cracklib-runtime)"
conclude "PAM holds passwords to the rules"
