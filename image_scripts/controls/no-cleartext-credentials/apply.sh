#!/bin/sh
# A9: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

for port in $HM_LISTEN; do
    ! contains "$HM_CLEARTEXT_PORTS" "$port" || fail "the recipe declares port $port, whose service takes credentials in the clear"
done

rm -f /etc/hosts.equiv /etc/ssh/shosts.equiv
human_homes | while read -r home; do
    for name in $CREDENTIAL_FILES; do
        rm -f "$home/$name" "/etc/skel/$name"
    done
done
for program in $CLEARTEXT_CLIENTS; do
    for folder in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
        if [ -e "$folder/$program" ] || [ -L "$folder/$program" ]; then
            # A package's program is removed with its package, by the controls of the attack surface; what is left is stray.
            rm -f "$folder/$program"
        fi
    done
done
embedded_credentials | while read -r file; do
    sed -i -E "s#($ADDRESS_SCHEME)$ADDRESS_CREDENTIAL@#\\1#g" "$file"
done
unverified_tls | while IFS= read -r line; do
    file=${line%%:*}
    line=${line#*:}
    sed -i -E "${line%%:*}s/^/# taken out by Hallmark: /" "$file"
done
# apt sends what auth.conf holds to plain http only where it is told to.
for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/*; do
    if grep -qsE '^[[:space:]]*machine[[:space:]]+http://' "$file"; then
        sed -i -E 's#^([[:space:]]*machine[[:space:]]+)http://#\1https://#' "$file"
    fi
done

dropin=/etc/ssh/ssh_config.d/00-hallmark-no-cleartext-credentials.conf
write_file 0644 root:root "$dropin" <<'END'
# Written by Hallmark (control no-cleartext-credentials).
StrictHostKeyChecking ask
ForwardAgent no
ForwardX11 no
GSSAPIAuthentication no
GSSAPIDelegateCredentials no
HostbasedAuthentication no
EnableSSHKeysign no
END
ssh_claim /etc/ssh/ssh_config "$dropin" \
    'StrictHostKeyChecking|ForwardAgent|ForwardX11|GSSAPIAuthentication|GSSAPIDelegateCredentials|HostbasedAuthentication|EnableSSHKeysign'
# systemd's drop-in trusts machines on the same host by their socket; its blocks are its own, and stay.
ssh_effective >/dev/null
