#!/bin/sh
# A9: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

for port in $HM_LISTEN; do
    ! contains "$HM_CLEARTEXT_PORTS" "$port" || finding "the recipe declares port $port, whose service takes credentials in the clear"
done

for file in /etc/hosts.equiv /etc/ssh/shosts.equiv; do
    [ ! -e "$file" ] || finding "$file: hosts that are trusted by their name"
done
for home in /etc/skel $(human_homes); do
    for name in $CREDENTIAL_FILES; do
        if [ -e "$home/$name" ] || [ -L "$home/$name" ]; then
            finding "$home/$name: a file of credentials, or of names trusted without"
        fi
    done
done

for program in $CLEARTEXT_CLIENTS; do
    for folder in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
        if [ -e "$folder/$program" ] || [ -L "$folder/$program" ]; then
            finding "$folder/$program: sends passwords in the clear"
        fi
    done
done

found=$(embedded_credentials)
[ -z "$found" ] || finding "a password within an address: $found"
found=$(unverified_tls)
[ -z "$found" ] || finding "TLS without verification: $found"
for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/*; do
    ! grep -qsE '^[[:space:]]*machine[[:space:]]+http://' "$file" || finding "$file: apt sends a password over plain http"
done

client=$(ssh_effective) || fail "ssh refuses its configuration"
rules='stricthostkeychecking is ask true yes
forwardagent is no
forwardx11 is no
gssapiauthentication is no
gssapidelegatecredentials is no
hostbasedauthentication is no'
ssh_judge ssh "$rules" "$client" "$(ssh_exceptions)" ||
    finding "ssh hands out more than it should, or trusts whom it does not know"
conclude "no credential in the clear"
