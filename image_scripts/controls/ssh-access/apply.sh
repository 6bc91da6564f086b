#!/bin/sh
# A1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

dropin=/etc/ssh/sshd_config.d/00-hallmark-ssh-access.conf
keywords='PubkeyAuthentication|PasswordAuthentication|KbdInteractiveAuthentication|ChallengeResponseAuthentication'
keywords="$keywords|AuthenticationMethods|PermitRootLogin|PermitEmptyPasswords|HostbasedAuthentication|IgnoreRhosts"
keywords="$keywords|GSSAPIAuthentication|KerberosAuthentication|AuthorizedKeysFile|AuthorizedKeysCommand|StrictModes|UsePAM"
keywords="$keywords|MaxAuthTries|LoginGraceTime|MaxSessions|MaxStartups|PerSourcePenalties|ClientAliveInterval|ClientAliveCountMax"
keywords="$keywords|TCPKeepAlive|X11Forwarding|PermitTunnel|GatewayPorts|PermitUserEnvironment|PermitUserRC|ExposeAuthInfo|DebianBanner"
keywords="$keywords|LogLevel|Protocol|Port|ListenAddress|PAMServiceName|PidFile|PerSourcePenaltyExemptList|AuthorizedKeysCommandUser"
keywords="$keywords|TrustedUserCAKeys|AuthorizedPrincipalsFile|AuthorizedPrincipalsCommand|AuthorizedPrincipalsCommandUser"
keywords="$keywords|AcceptEnv|SshdSessionPath|SshdAuthPath|SecurityKeyProvider|PubkeyAuthOptions|PerSourceNetBlockSize"
[ "$HM_FORWARDING" = yes ] || keywords="$keywords|AllowTcpForwarding|AllowStreamLocalForwarding|AllowAgentForwarding|DisableForwarding"

forwarding() {
    [ "$HM_FORWARDING" = no ] || return 0
    cat <<'END'
AllowTcpForwarding no
AllowStreamLocalForwarding no
AllowAgentForwarding no
DisableForwarding yes
END
}

# Nothing of AuthorizedPrincipalsFile and -Command: a certificate then opens the account that it names. (OpenSSH 10.0 takes a
# command "none" for one, and refuses every certificate.)
settings() {
    cat <<END
# Written by Hallmark (control ssh-access). sshd keeps the first value that it reads: this file must sort first.
Port $HM_PORT
PubkeyAuthentication yes
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIAuthentication no
PermitEmptyPasswords no
PermitRootLogin no
IgnoreRhosts yes
StrictModes yes
UsePAM yes
AuthorizedKeysFile .ssh/authorized_keys
AuthorizedKeysCommand none
TrustedUserCAKeys $(trusted_authorities)
AcceptEnv LANG LC_* COLORTERM NO_COLOR
MaxAuthTries $HM_MAX_AUTH_TRIES
LoginGraceTime $HM_LOGIN_GRACE_TIME
MaxSessions $HM_MAX_SESSIONS
MaxStartups 10:30:60
PerSourcePenalties yes
PerSourcePenaltyExemptList none
PAMServiceName sshd
PidFile /run/sshd.pid
ClientAliveInterval $HM_CLIENT_ALIVE_INTERVAL
ClientAliveCountMax 3
TCPKeepAlive no
X11Forwarding no
PermitTunnel no
GatewayPorts no
PermitUserEnvironment no
PermitUserRC no
ExposeAuthInfo no
DebianBanner no
LogLevel VERBOSE
END
    forwarding
}

configure_cloud_init() {
    [ -d /etc/cloud ] || return 0
    ours=/etc/cloud/cloud.cfg.d/99-hallmark-ssh-access.cfg
    cloud_claim "$ours" 'ssh_pwauth|disable_root'
    write_file 0644 root:root "$ours" <<'END'
#cloud-config
# Written by Hallmark (control ssh-access). Without ssh_pwauth cloud-init leaves sshd's files alone: those say no already,
# and "false" would make it say so once more and restart sshd on each first boot.
disable_root: true
END
}

remove_other_ways_in() {
    mkdir -p /etc/systemd/system-generators
    ln -sfn /dev/null /etc/systemd/system-generators/systemd-ssh-generator
    sshd_clear_options
    # The package's unit stays as it is.
    sshd_units | sed 's/:.*//' | sort -u | while IFS= read -r file; do
        note "removing $file"
        rm -f "$file"
    done
    [ -e /etc/systemd/system/sshd.service ] || ln -s /usr/lib/systemd/system/ssh.service /etc/systemd/system/sshd.service
}

# On a live server sshd reads its files again; sessions go on. (The image under construction has nobody to tell.)
tell_running_server() {
    if [ "$HALLMARK_PHASE" = build ] || [ ! -f /run/sshd.pid ]; then
        return 0
    fi
    read -r pid </run/sshd.pid
    [ "$(readlink "/proc/$pid/exe")" = /usr/sbin/sshd ] || return 0
    rm -f /run/sshd.pid
    kill -HUP "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -f /run/sshd.pid ] || return 0
        sleep 0.5
    done
    fail "sshd did not come back after it was told to read its configuration again"
}

if [ -n "$HM_AUTHORITIES" ]; then
    authorities "$HM_AUTHORITIES" | write_file 0644 root:root "$AUTHORITIES_FILE"
    ssh-keygen -l -f "$AUTHORITIES_FILE"
else
    rm -f "$AUTHORITIES_FILE"
fi
settings | write_file 0644 root:root "$dropin"
ssh_claim /etc/ssh/sshd_config "$dropin" "$keywords"
configure_cloud_init
remove_other_ways_in
# Whoever can write a file of sshd's configuration decides who signs in.
find /etc/ssh /etc/ssh/sshd_config.d /etc/ssh/ssh_config.d -maxdepth 1 ! -type l ! -name 'ssh_host_*' \
    \( ! -user root -o ! -group root -o -perm /022 \) -exec chown root:root {} + -exec chmod go-w {} +
sshd_effective >/dev/null
tell_running_server
