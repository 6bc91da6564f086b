#!/bin/sh
# A6: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

refuse_shared_names() {
    for name in $HM_ADMINISTRATORS $HM_OTHERS; do
        ! contains "$HM_SHARED_NAMES" "$name" ||
            fail "the recipe names \"$name\": expected the name of a person, as each account is one person's"
    done
}

# Lines that are no account of this server (NIS, a second name for a number, a second root), and numbers that are not plain.
drop_odd_lines() {
    # shellcheck disable=SC2086 # a pattern
    rm -rf $USERDB
    [ -z "$(other_sources)" ] ||
        sed -i -E 's/^([[:space:]]*(passwd|shadow|group|gshadow|initgroups)[[:space:]]*:).*/\1 files systemd/' /etc/nsswitch.conf
    for file in passwd shadow group gshadow; do
        if grep -qE '^[+[:blank:]-]' "/etc/$file"; then
            sed -i -E '/^[+[:blank:]-]/d' "/etc/$file"
        fi
    done
    # The first line of a name or number stays: it is the one that the machine goes by.
    awk -F : -v OFS=: '{ $3 += 0; $4 += 0 } !(($3 == 0 && $1 != "root") || names[$1]++ || numbers[$3]++)' /etc/passwd |
        write_file 0644 root:root /etc/passwd
    awk -F : -v OFS=: '{ $3 += 0 } !(names[$1]++ || numbers[$3]++)' /etc/group | write_file 0644 root:root /etc/group
    awk -F : 'FILENAME == "/etc/passwd" { kept[$1] = 1; next } ($1 in kept) && !seen[$1]++' /etc/passwd /etc/shadow |
        write_file 0640 root:shadow /etc/shadow
    if grep -qE '^[^:]*:[^x:]|^[^:]*::' /etc/passwd; then
        pwconv
    fi
}

# lock NAME...: no password that could ever be right, not even behind a lock that can be taken off
lock() {
    for name in "$@"; do
        usermod -p '!*' "$name"
    done
}

lock_system_accounts() {
    # shellcheck disable=SC2046
    lock $(awk -F : '
        FILENAME == "/etc/shadow" { if ($2 !~ /^[!*]+$/) open[$1] = 1; next }
        ($3 < 1000 || $3 >= 60000) && ($1 in open) { print $1 }
    ' /etc/shadow /etc/passwd)
    awk -F : '$3 != 0 && ($3 < 1000 || $3 >= 60000) && $7 !~ /\/nologin$/ { print $1 }' /etc/passwd |
        while read -r name; do
            usermod -s /usr/sbin/nologin "$name"
        done
}

remove_undeclared() {
    for account in $(human_accounts); do
        contains "$HM_ADMINISTRATORS $HM_OTHERS" "${account%%:*}" || userdel -f -r "${account%%:*}" 2>/dev/null ||
            [ "$(id -u "${account%%:*}" 2>/dev/null || echo gone)" = gone ] || fail "$account: cannot be removed"
    done
}

make_administrators() {
    for name in $HM_ADMINISTRATORS; do
        grep -q "^$name:" /etc/passwd && continue
        # A group of that name (Debian has a few) belongs to others: the person's own group is then "users".
        own=-U
        if grep -q "^$name:" /etc/group; then
            own=-N
        fi
        useradd -m -s /bin/bash -p '!' "$own" "$name"
    done
}

# What signs a person in comes with each server's user data, never with the image.
remove_credentials() {
    rm -f /etc/skel/.ssh/authorized_keys*
    matches 'build test' "$HALLMARK_PHASE" || return 0
    # shellcheck disable=SC2046
    lock $(awk -F : '
        FILENAME == "/etc/shadow" { if ($2 !~ /^[!*]+$/) open[$1] = 1; next }
        $3 >= 1000 && $3 < 60000 && ($1 in open) { print $1 }
    ' /etc/shadow /etc/passwd)
    human_homes | while read -r home; do
        rm -f "$home"/.ssh/authorized_keys*
    done
    if grep -qE '^[^:]*:[^!*:]' /etc/gshadow; then
        sed -i -E 's/^([^:]*):[^!*:][^:]*:/\1:!:/' /etc/gshadow
    fi
}

cloud_config() {
    echo '#cloud-config'
    echo '# Written by Hallmark (control accounts): the first administrator of the recipe stands in for "debian".'
    if [ -z "$HM_ADMINISTRATORS" ]; then
        echo 'users: []'
        return 0
    fi
    cat <<END
users: [default]
system_info:
  default_user:
    name: ${HM_ADMINISTRATORS%% *}
    gecos: ""
    lock_passwd: true
    groups: []
    sudo: null
    shell: /bin/bash
END
}

# Who once gives somebody a password that expires means what he says: such an account closes for good some weeks later.
close_what_expired() {
    [ "$(useradd -D | grep '^INACTIVE=')" = "INACTIVE=$HM_INACTIVE" ] || useradd -D -f "$HM_INACTIVE"
}

refuse_shared_names
drop_odd_lines
lock_system_accounts
remove_undeclared
close_what_expired
make_administrators
remove_credentials
if [ -d /etc/cloud ]; then
    ours=/etc/cloud/cloud.cfg.d/99-hallmark-accounts.cfg
    cloud_config | write_file 0644 root:root "$ours"
    cloud_claim "$ours" 'users|user|password|chpasswd|ssh_authorized_keys|system_info'
fi
