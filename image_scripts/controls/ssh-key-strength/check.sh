#!/bin/sh
# A3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

rules="requiredrsasize atleast $HM_RSA_BITS
hostkeyalgorithms within $HM_HOST_ALGORITHMS
pubkeyacceptedalgorithms within $HM_USER_ALGORITHMS
hostbasedacceptedalgorithms within $HM_HOST_ALGORITHMS
casignaturealgorithms within $HM_AUTHORITY_ALGORITHMS"

# The floor, whatever a recipe asks for.
[ "$HM_RSA_BITS" -ge 2048 ] || finding "parameter rsa_bits: $HM_RSA_BITS: expected 2048 or more"
for algorithm in $HM_HOST_ALGORITHMS $HM_USER_ALGORITHMS $HM_AUTHORITY_ALGORITHMS; do
    ! matches 'ssh-rsa* ssh-dss*' "$algorithm" || finding "parameter: $algorithm: DSA, or RSA with SHA-1"
done

server=$(sshd_effective) || fail "sshd refuses its configuration"
client=$(ssh_effective) || fail "ssh refuses its configuration"
directives=$(sshd_directives | sed 's/AcceptedKeyTypes/AcceptedAlgorithms/I')
ssh_judge sshd "$rules" "$server" "$directives" || finding "sshd would take weaker keys"
ssh_judge ssh "$rules" "$client" "$(ssh_exceptions)" || finding "ssh would take or offer weaker keys"
conclude "weaker keys are refused by server and client"
