#!/bin/sh
# A1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

rules="port is $HM_PORT
pubkeyauthentication is yes
authenticationmethods is publickey
passwordauthentication is no
kbdinteractiveauthentication is no
hostbasedauthentication is no
gssapiauthentication is no
kerberosauthentication is no
permitemptypasswords is no
permitrootlogin is no
ignorerhosts is yes
strictmodes is yes
usepam is yes
authorizedkeysfile is .ssh/authorized_keys
authorizedkeyscommand is none
trustedusercakeys is $(trusted_authorities)
authorizedprincipalsfile is none
authorizedprincipalscommand is none
pamservicename is sshd
pidfile is /run/sshd.pid
persourcepenaltyexemptlist is none
persourcenetblocksize is 32:128
acceptenv within LANG LC_* COLORTERM NO_COLOR
securitykeyprovider is internal
sshdsessionpath is /usr/lib/openssh/sshd-session
sshdauthpath is /usr/lib/openssh/sshd-auth
pubkeyauthoptions within none touch-required verify-required
maxauthtries atmost $HM_MAX_AUTH_TRIES
logingracetime atmost $HM_LOGIN_GRACE_TIME
maxsessions atmost $HM_MAX_SESSIONS
clientaliveinterval atmost $HM_CLIENT_ALIVE_INTERVAL
clientalivecountmax atmost 3
tcpkeepalive is no
x11forwarding is no
permittunnel is no
gatewayports is no
permituserenvironment is no
permituserrc is no
exposeauthinfo is no
loglevel is VERBOSE verbose"
[ "$HM_FORWARDING" = yes ] || rules="$rules
allowtcpforwarding is no
allowstreamlocalforwarding is no
allowagentforwarding is no
disableforwarding is yes"

# A server may listen elsewhere by an address, and answer everyone by an exemption: what sshd itself says of them.
check_doors() {
    while read -r key value; do
        case $key in
            listenaddress) [ "${value##*:}" = "$HM_PORT" ] || finding "sshd: listenaddress: expected port $HM_PORT, got $value" ;;
            persourcepenalties) check_penalties "$value" ;;
        esac
    done <<END
$settings
END
}

# check_penalties "crash:90 authfail:5...": at least OpenSSH's own
check_penalties() {
    for least in crash:90 authfail:5 noauth:1 grace-exceeded:10 max:600 min:15; do
        got=
        for word in $1; do
            [ "${word%%:*}" != "${least%%:*}" ] || got=${word#*:}
        done
        [ "${got:-0}" -ge "${least#*:}" ] 2>/dev/null || finding "sshd: persourcepenalties: expected $least or more, got $1"
    done
}

# What sshd itself would do for each account, from within and without: Match blocks and aliases of keywords included. It
# wants a host key for that, and the image has none.
check_each_account() {
    case $directives in
        *'	match	'*) ;;
        *) return 0 ;;
    esac
    scratch=$(mktemp -d)
    ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
    mkdir -p /run/sshd
    while IFS=: read -r user _; do
        for address in 127.0.0.1 10.0.0.1 192.0.2.1 2001:db8::1; do
            # shellcheck disable=SC2046
            answer=$(/usr/sbin/sshd -T -h "$scratch/key" $(sshd_options) \
                -C "user=$user,host=host.invalid,addr=$address,laddr=$address,lport=$HM_PORT" 2>/dev/null) ||
                { finding "sshd refuses its configuration for $user" && continue; }
            [ "$answer" != "$judged" ] || continue
            judged=$answer
            ssh_judge "sshd for $user from $address" "$rules" "$answer" || finding "sshd makes an exception for $user"
        done
    done </etc/passwd
    rm -rf "$scratch"
}

check_authorities() {
    if [ -z "$HM_AUTHORITIES" ]; then
        return 0
    fi
    wanted=$(authorities "$HM_AUTHORITIES")
    if ! file_is 644 root:root "$AUTHORITIES_FILE" || [ "$(cat "$AUTHORITIES_FILE")" != "$wanted" ]; then
        finding "$AUTHORITIES_FILE: expected the recipe's authorities and no other, in a file of root's"
    fi
}

check_other_ways_in() {
    lines=$(sshd_units)
    [ -z "$lines" ] || finding "sshd is started in another way than its package does: $lines"
    generator=/etc/systemd/system-generators/systemd-ssh-generator
    if [ -e /usr/lib/systemd/system-generators/systemd-ssh-generator ] && [ "$(readlink "$generator" || true)" != /dev/null ]; then
        finding "$generator: expected a link to /dev/null, so that systemd offers no SSH sockets of its own"
    fi
}

check_cloud_init() {
    [ -d /etc/cloud ] || return 0
    # Nothing said is as good as "unchanged": what sshd makes of its files has been judged.
    case $(cloud_setting ssh_pwauth) in
        '' | unchanged | false | no | off | 0) ;;
        *) finding "cloud-init: ssh_pwauth: expected false or unchanged, got \"$(cloud_setting ssh_pwauth)\"" ;;
    esac
    case $(cloud_setting disable_root) in
        true | yes | on | 1) ;;
        *) finding "cloud-init: disable_root: expected true, got \"$(cloud_setting disable_root)\"" ;;
    esac
}

# A server goes by what it read when it started: on a live one, nothing may have changed since. That is the kernel's word:
# the date that a file shows is anybody's.
check_running() {
    [ "$HALLMARK_PHASE" = drift ] || return 0
    if [ ! -f /run/sshd.pid ]; then
        server=$(find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname '/usr/sbin/sshd*' 2>/dev/null || true)
        [ -z "$server" ] || finding "sshd runs as $server, and /run/sshd.pid is missing, which says since when"
        return 0
    fi
    # shellcheck disable=SC2046 # a list
    newer=$(find /etc/ssh/sshd_config.d /etc/default/ssh $(printf '%s\n' "$directives" | sed "s/:[0-9]*$TAB.*//" | sort -u) \
        -newercm /run/sshd.pid 2>/dev/null || true)
    [ -z "$newer" ] || finding "sshd runs with an earlier configuration; changed since it started: $newer"
}

settings=$(sshd_effective) || fail "sshd refuses its configuration"
directives=$(sshd_directives)
ssh_judge sshd "$rules" "$settings" "$directives" || finding "sshd would let people in by other means than their key"
unseen=$(sshd_unseen "$directives")
[ -z "$unseen" ] || finding "sshd reads files by an Include that cannot be followed here; expected a path without quotes: $unseen"
check_doors
check_authorities
judged=$settings
check_each_account
check_other_ways_in
check_cloud_init
check_running
loose=$(find /etc/ssh /etc/ssh/sshd_config.d /etc/ssh/ssh_config.d -maxdepth 1 ! -type l ! -name 'ssh_host_*' \
    \( ! -user root -o ! -group root -o -perm /022 \) -printf '%p (%u:%g %m) ' || true)
[ -z "$loose" ] || finding "others than root may write the configuration: $loose"
conclude "SSH takes keys and certificates only, and not for root"
