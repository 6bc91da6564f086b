#!/bin/sh
# A5: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

rules="ciphers list $HM_CIPHERS
macs list $HM_MACS
kexalgorithms list $HM_KEX
gssapikeyexchange is no"

# The floor, whatever a recipe asks for.
for cipher in $HM_CIPHERS; do
    matches 'aes128-gcm@openssh.com aes256-gcm@openssh.com aes128-ctr aes192-ctr aes256-ctr' "$cipher" ||
        finding "parameter ciphers: $cipher: expected AES in GCM or CTR mode"
done
for mac in $HM_MACS; do
    matches 'hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com' "$mac" ||
        finding "parameter macs: $mac: expected SHA-2, encrypt-then-MAC"
done
for kex in $HM_KEX; do
    ! matches '*-sha1 *nistp*' "$kex" || finding "parameter kex: $kex: expected a key agreement without SHA-1 and NIST curves"
done
matches 'mlkem768x25519-sha256 sntrup761x25519-sha512*' "${HM_KEX%% *}" ||
    finding "parameter kex: ${HM_KEX%% *}: expected a post-quantum hybrid first"

server=$(sshd_effective) || fail "sshd refuses its configuration"
client=$(ssh_effective) || fail "ssh refuses its configuration"
ssh_judge sshd "$rules" "$server" || finding "sshd would speak with another cryptography"
ssh_judge ssh "$rules" "$client" "$(ssh_exceptions)" || finding "ssh would speak with another cryptography"
conclude "server and client are held to the lists"
