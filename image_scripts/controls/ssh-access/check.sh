#!/bin/sh
# A1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

rules() {
    cat <<END
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
maxauthtries atmost $HM_MAX_AUTH_TRIES
logingracetime atmost $HM_LOGIN_GRACE_TIME
maxsessions atmost $HM_MAX_SESSIONS
clientaliveinterval atmost $HM_CLIENT_ALIVE_INTERVAL
clientalivecountmax atmost 3
x11forwarding is no
permittunnel is no
gatewayports is no
permituserenvironment is no
permituserrc is no
exposeauthinfo is no
loglevel is VERBOSE verbose
END
    [ "$HM_FORWARDING" = yes ] || cat <<'END'
allowtcpforwarding is no
allowstreamlocalforwarding is no
allowagentforwarding is no
END
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

# A server goes by what it read when it started: on a live one, nothing may have changed since.
check_running() {
    if [ "$HALLMARK_PHASE" != drift ] || [ ! -f /run/sshd.pid ]; then
        return 0
    fi
    newer=$(find /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/default/ssh -newer /run/sshd.pid 2>/dev/null || true)
    [ -z "$newer" ] || finding "sshd runs with an earlier configuration; changed since it started: $newer"
}

settings=$(sshd_effective) || fail "sshd refuses its configuration"
directives=$(ssh_directives /etc/ssh/sshd_config)
rules | ssh_judge sshd "$settings" "$directives" || finding "sshd would let people in by other means than their key"
case "$settings" in
    *'persourcepenalties no'*) finding "sshd: persourcepenalties: expected penalties, got no" ;;
esac
check_other_ways_in
check_cloud_init
check_running
loose=$(find /etc/ssh /etc/ssh/sshd_config.d /etc/ssh/ssh_config.d -maxdepth 1 ! -type l ! -name 'ssh_host_*' \
    \( ! -user root -o ! -group root -o -perm /022 \) -printf '%p (%u:%g %m) ' || true)
[ -z "$loose" ] || finding "others than root may write the configuration: $loose"
conclude "SSH takes keys and certificates only, and not for root"
