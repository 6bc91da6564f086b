#!/bin/sh
# A3: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

settings() {
    cat <<END
# Written by Hallmark (control ssh-key-strength). The first value read wins: this file must sort first.
RequiredRSASize $HM_RSA_BITS
HostKeyAlgorithms $(commas "$HM_HOST_ALGORITHMS")
PubkeyAcceptedAlgorithms $(commas "$HM_USER_ALGORITHMS")
HostbasedAcceptedAlgorithms $(commas "$HM_HOST_ALGORITHMS")
CASignatureAlgorithms $(commas "$HM_AUTHORITY_ALGORITHMS")
END
}

keywords='RequiredRSASize|HostKeyAlgorithms|PubkeyAcceptedAlgorithms|PubkeyAcceptedKeyTypes|HostbasedAcceptedAlgorithms'
keywords="$keywords|HostbasedAcceptedKeyTypes|HostbasedKeyTypes|CASignatureAlgorithms"
for side in sshd ssh; do
    dropin=/etc/ssh/${side}_config.d/00-hallmark-ssh-key-strength.conf
    settings | write_file 0644 root:root "$dropin"
    ssh_claim "/etc/ssh/${side}_config" "$dropin" "$keywords"
done
sshd_clear_options
sshd_effective >/dev/null
ssh_effective >/dev/null
