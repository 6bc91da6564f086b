#!/bin/sh
# A2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

dropin=/etc/ssh/sshd_config.d/00-hallmark-ssh-host-keys.conf

host_keys() {
    echo '# Written by Hallmark (control ssh-host-keys).'
    for type in $HM_TYPES; do
        printf 'HostKey /etc/ssh/ssh_host_%s_key\n' "$type"
    done
}

maker() {
    cat <<'END'
#!/bin/sh
# Written by Hallmark (control ssh-host-keys): makes the host keys that are not there; run by sshd-keygen.service.
set -eu
umask 077
make() { # TYPE OPTION...
    type=$1
    shift
    key=/etc/ssh/ssh_host_${type}_key
    # An empty file is what a power cut between two writes leaves.
    [ ! -s "$key" ] || return 0
    rm -f "$key" "$key.pub"
    ssh-keygen -q -t "$type" "$@" -N '' -f "$key"
}
END
    for type in $HM_TYPES; do
        case $type in
            rsa) echo "make rsa -b $HM_RSA_BITS" ;;
            *) echo "make $type" ;;
        esac
    done
}

printer() {
    cat <<'END'
#!/bin/sh
# Written by Hallmark (control ssh-host-keys): the host keys and their fingerprints, for whoever reads the console. The
# marks are cloud-init's, which tools look for.
set -eu
told() {
    echo
    echo '-----BEGIN SSH HOST KEY FINGERPRINTS-----'
    for key in /etc/ssh/ssh_host_*_key.pub; do
        [ ! -f "$key" ] || ssh-keygen -l -f "$key" || true
    done
    echo '-----END SSH HOST KEY FINGERPRINTS-----'
    echo '-----BEGIN SSH HOST KEY KEYS-----'
    cat /etc/ssh/ssh_host_*_key.pub || true
    echo '-----END SSH HOST KEY KEYS-----'
}
text=$(told)
printf '%s\n' "$text"
# In one piece, so that nothing comes between; a machine without a console has it in its journal.
{ printf '%s\n' "$text" >/dev/console; } 2>/dev/null || true
END
}

cloud_config() {
    cat <<END
#cloud-config
# Written by Hallmark (control ssh-host-keys). The console gets the fingerprints from hallmark-ssh-fingerprints.service.
ssh_deletekeys: true
ssh_genkeytypes: [$(commas "$HM_TYPES")]
ssh: {emit_keys_to_console: false}
END
}

keygen_unit() {
    cat <<'END'
# Written by Hallmark (control ssh-host-keys): whenever a key is missing, not on the first boot alone.
[Unit]
ConditionFirstBoot=
ConditionPathIsReadWrite=/etc/ssh
END
    for type in $HM_TYPES; do
        printf 'ConditionFileNotEmpty=|!/etc/ssh/ssh_host_%s_key\n' "$type"
    done
    cat <<'END'

[Service]
ExecStart=
ExecStart=/usr/local/lib/hallmark/ssh-host-keys
END
}

fingerprints_unit() {
    cat <<'END'
# Written by Hallmark (control ssh-host-keys).
[Unit]
Description=SSH host key fingerprints on the console
After=sshd-keygen.service cloud-init-network.service ssh.service
ConditionPathExistsGlob=/etc/ssh/ssh_host_*_key.pub

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/hallmark/ssh-fingerprints
StandardOutput=journal
ProtectSystem=strict
PrivateTmp=yes
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
END
}

remove_keys() {
    case $HALLMARK_PHASE in
        build | test) rm -f /etc/ssh/ssh_host_*key* ;;
        *) renew_keys ;;
    esac
}

# On a live server: keys of other kinds go, weak ones are made anew.
renew_keys() {
    for file in /etc/ssh/ssh_host_*_key; do
        [ -f "$file" ] || continue
        type=${file#/etc/ssh/ssh_host_}
        type=${type%_key}
        bits=$(ssh-keygen -l -f "$file" 2>/dev/null) || bits=0
        if ! contains "$HM_TYPES" "$type" || { [ "$type" = rsa ] && [ "${bits%% *}" -lt "$HM_RSA_BITS" ]; } || [ "$bits" = 0 ]; then
            rm -f "$file" "$file.pub"
        fi
    done
    /usr/local/lib/hallmark/ssh-host-keys
}

for type in $HM_TYPES; do
    matches 'ed25519 rsa ecdsa' "$type" || fail "parameter types: $type: expected ed25519, rsa or ecdsa"
done
mkdir -p /usr/local/lib/hallmark
maker | write_file 0755 root:root /usr/local/lib/hallmark/ssh-host-keys
printer | write_file 0755 root:root /usr/local/lib/hallmark/ssh-fingerprints
host_keys | write_file 0644 root:root "$dropin"
ssh_claim /etc/ssh/sshd_config "$dropin" HostKey
sshd_clear_options
if [ -d /etc/cloud ]; then
    ours=/etc/cloud/cloud.cfg.d/99-hallmark-ssh-host-keys.cfg
    cloud_config | write_file 0644 root:root "$ours"
    cloud_claim "$ours" 'ssh_deletekeys|ssh_genkeytypes|ssh_keys'
fi
keygen_units | while IFS= read -r file; do
    rm -rf "$file"
done
keygen_unit | write_file 0644 root:root /etc/systemd/system/sshd-keygen.service.d/hallmark.conf
fingerprints_unit | write_file 0644 root:root /etc/systemd/system/hallmark-ssh-fingerprints.service
enable_units sshd-keygen.service hallmark-ssh-fingerprints.service
remove_keys
sshd_effective >/dev/null
