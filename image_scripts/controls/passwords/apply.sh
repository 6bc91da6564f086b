#!/bin/sh
# A10: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -f /usr/share/pam-configs/pwquality ] || fail "pam_pwquality is not installed (package libpam-pwquality)"
[ "$HM_DICTIONARY" = no ] || [ -s /var/cache/cracklib/cracklib_dict.pwd ] ||
    fail "no dictionary (package cracklib-runtime)"

quality=/etc/security/pwquality.conf
profiles=/usr/share/pam-configs
tallies=/var/lib/faillock

write_quality() {
    write_file 0644 root:root "$quality" <<END
# Written by Hallmark (control passwords).
minlen = $HM_MIN_LENGTH
dcredit = -1
ucredit = -1
lcredit = -1
ocredit = -1
minclass = 4
maxrepeat = 3
maxsequence = 3
difok = 8
usercheck = 1
gecoscheck = 1
dictcheck = $([ "$HM_DICTIONARY" = yes ] && echo 1 || echo 0)
enforcing = 1
enforce_for_root
END
    # It is read after its folder, and wins; it is also where tools look.
    for file in /etc/security/pwquality.conf.d/*.conf; do
        if grep -qsE '^[[:space:]]*[a-z]' "$file"; then
            sed -i -E 's/^[[:space:]]*[a-z]/# set by Hallmark in pwquality.conf: &/' "$file"
        fi
    done
}

write_profiles() {
    write_file 0644 root:root "$profiles/hallmark-history" <<END
Name: Hallmark: earlier passwords do not come back
Default: yes
Priority: 512
Password-Type: Primary
Password:
	requisite			pam_pwhistory.so remember=$HM_REMEMBER enforce_for_root use_authtok
Password-Initial:
	requisite			pam_pwhistory.so remember=$HM_REMEMBER enforce_for_root
END
    write_file 0644 root:root "$profiles/hallmark-lockout" <<END
Name: Hallmark: an account locks when its password is guessed at
Default: yes
Priority: 1024
Auth-Type: Primary
Auth:
	requisite			pam_faillock.so preauth
END
    write_file 0644 root:root "$profiles/hallmark-lockout-count" <<END
Name: Hallmark: wrong guesses are counted
Default: yes
Priority: 0
Auth-Type: Primary
Auth:
	[default=die]			pam_faillock.so authfail
END
    # Behind the password alone: the account phase would clear the count for whoever signs in by key.
    write_file 0644 root:root "$profiles/hallmark-lockout-clear" <<END
Name: Hallmark: a right password clears the count
Default: yes
Priority: 1024
Auth-Type: Additional
Auth:
	required			pam_faillock.so authsucc
END
}

# pam_faillock gives each count to the user whom it counts: a folder of root's keeps users from emptying their own.
write_lockout() {
    write_file 0644 root:root /etc/security/faillock.conf <<END
# Written by Hallmark (control passwords).
dir = $tallies
deny = $HM_DENY
fail_interval = $HM_INTERVAL
unlock_time = $HM_UNLOCK_TIME
root_unlock_time = $HM_UNLOCK_TIME
even_deny_root
END
    mkdir -p "$tallies"
    chown root:root "$tallies"
    chmod 0700 "$tallies"
}

stamp() {
    stat -c '%n %Y %i' "$profiles"/hallmark-* 2>/dev/null || true
}

# fresh: the profiles are as they were when the stacks were made of them, and so are the stacks.
fresh() {
    [ "$before" = "$(stamp)" ] && [ -f "$record" ] && sha256sum --check --status "$record" 2>/dev/null
}

# pam-auth-update keeps what somebody changed by hand, also with --force; so the stacks start from its templates.
make_stacks() {
    for stack in auth account password; do
        write_file 0644 root:root "/etc/pam.d/common-$stack" <"/usr/share/pam/common-$stack"
        rm -f "/var/lib/pam/$stack"
    done
    enabled=
    for name in unix pwquality systemd hallmark-history hallmark-lockout hallmark-lockout-count hallmark-lockout-clear; do
        [ ! -f "$profiles/$name" ] || enabled="$enabled $name"
    done
    # shellcheck disable=SC2086
    pam-auth-update --force --enable $enabled
    # A changed option is what pam-auth-update keeps from then on.
    sed -i -E 's/(pam_unix\.so.*)[[:space:]]nullok(_secure)?/\1/' /etc/pam.d/common-auth
    rm -f /etc/pam.d/common-*.pam-old
    mkdir -p "${record%/*}"
    sha256sum /etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/common-password >"$record"
}

# A service that breaks the rules goes by the common ones again. pam_rootok stays: where it lets others in than root, the
# check says so.
mend_services() {
    broken=$(python3 -I "$HALLMARK_SCRIPTS/pam.py")
    [ -z "$broken" ] || printf '%s\n' "$broken" | while read -r type service; do
        file=/etc/pam.d/$service
        [ -f "$file" ] || cp "/usr/lib/pam.d/$service" "$file"
        note "$file: $type goes by the common rules again"
        awk -v type="$type" -v rooted=" su su-l chsh chfn runuser runuser-l chpasswd newusers " -v service="$service" '
            { line = tolower($0) }
            line ~ "^[ \t]*@include[ \t]+common-" type "([ \t]|$)" { next }
            line ~ "^[ \t]*-?" type "[ \t]" && !(line ~ /pam_rootok\.so/ && index(rooted, " " service " ")) {
                print "# taken out by Hallmark: " $0
                next
            }
            { print }
            END { print "@include common-" type }
        ' "$file" >/run/hallmark-pam
        write_file 0644 root:root "$file" </run/hallmark-pam
        rm -f /run/hallmark-pam
    done
}

record=/var/lib/hallmark/passwords.sha256
write_quality
before=$(stamp)
write_profiles
write_lockout
fresh || make_stacks
mend_services
# set_login KEY VALUE: in /etc/login.defs, once
set_login() {
    if [ "$(grep -E "^[[:space:]]*$1[[:space:]]" /etc/login.defs)" != "$1 $2" ]; then
        sed -i -E "/^[[:space:]]*$1([[:space:]]|\$)/d" /etc/login.defs
        echo "$1 $2" >>/etc/login.defs
    fi
}

set_login ENCRYPT_METHOD YESCRYPT
# For whoever asks chpasswd or newusers for SHA-512 by name: a hundred thousand rounds, and not five thousand.
set_login SHA_CRYPT_MIN_ROUNDS 100000
set_login SHA_CRYPT_MAX_ROUNDS 100000
