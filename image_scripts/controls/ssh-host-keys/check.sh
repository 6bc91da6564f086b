#!/bin/sh
# A2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

check_none() {
    for file in /etc/ssh/ssh_host_*key*; do
        [ ! -e "$file" ] || finding "$file: a host key in the image; expected none before the first boot"
    done
}

# check_one TYPE: its key exists, is whole, and strong enough.
check_one() {
    key=/etc/ssh/ssh_host_$1_key
    [ -s "$key" ] || { finding "$key: expected a key made on first boot" && return 0; }
    line=$(ssh-keygen -l -f "$key" 2>&1) || { finding "$key: $line" && return 0; }
    note "$key: $line"
    case $1:$line in
        rsa:*'(RSA)') [ "${line%% *}" -ge "$HM_RSA_BITS" ] || finding "$key: ${line%% *} bits, expected $HM_RSA_BITS or more" ;;
        ecdsa:*'(ECDSA)') [ "${line%% *}" -ge 256 ] || finding "$key: ${line%% *} bits, expected 256 or more" ;;
        ed25519:*'(ED25519)') ;;
        *) finding "$key: expected a key of the type in its name" ;;
    esac
}

check_made() {
    for type in $HM_TYPES; do
        check_one "$type"
    done
    for file in /etc/ssh/ssh_host_*_key; do
        [ -e "$file" ] || continue
        type=${file#/etc/ssh/ssh_host_}
        contains "$HM_TYPES" "${type%_key}" || finding "$file: a kind of host key that is not wanted"
    done
}

check_served() {
    served=$(sshd_effective | while read -r key value; do
        [ "$key" != hostkey ] || printf '%s ' "$value"
    done) || fail "sshd refuses its configuration"
    wanted=
    for type in $HM_TYPES; do
        wanted="$wanted/etc/ssh/ssh_host_${type}_key "
    done
    [ "$served" = "$wanted" ] || finding "sshd: HostKey: expected $wanted, got $served"
}

check_makers() {
    grep -qx 'ConditionFirstBoot=' /etc/systemd/system/sshd-keygen.service.d/hallmark.conf 2>/dev/null ||
        finding "sshd-keygen.service: would make keys on a first boot alone, or make unwanted ones"
    [ -x /usr/local/lib/hallmark/ssh-host-keys ] || finding "/usr/local/lib/hallmark/ssh-host-keys: missing"
    for other in $(keygen_units); do
        finding "$other: another word on how host keys are made"
    done
    [ -e /etc/systemd/system/ssh.service.wants/sshd-keygen.service ] || finding "sshd-keygen.service: expected enabled"
    [ -e /etc/systemd/system/multi-user.target.wants/hallmark-ssh-fingerprints.service ] ||
        finding "hallmark-ssh-fingerprints.service: expected enabled, so that the console shows the fingerprints"
    if [ -e /run/systemd/system ] && [ "$HALLMARK_PHASE" = acceptance ]; then
        state=$(systemctl show -P ActiveState hallmark-ssh-fingerprints.service)
        matches 'active activating inactive' "$state" || finding "hallmark-ssh-fingerprints.service: $state"
    fi
}

check_cloud_init() {
    [ -d /etc/cloud ] || return 0
    case $(cloud_setting ssh_deletekeys) in
        true | yes | on | 1) ;;
        *) finding "cloud-init: ssh_deletekeys: expected true, so that a copied server gets keys of its own" ;;
    esac
    [ "$(cloud_setting ssh_genkeytypes)" = "[$(commas "$HM_TYPES")]" ] ||
        finding "cloud-init: ssh_genkeytypes: expected [$(commas "$HM_TYPES")], got $(cloud_setting ssh_genkeytypes)"
    # shellcheck disable=SC2046
    given=$(grep -lE '^ssh_keys:' $(cloud_files)) || given=
    [ -z "$given" ] || finding "$given: ssh_keys: host keys in the image's own configuration"
}

case $HALLMARK_PHASE in
    build | test) check_none ;;
    *) check_made ;;
esac
check_served
check_makers
check_cloud_init
conclude "host keys are each server's own"
