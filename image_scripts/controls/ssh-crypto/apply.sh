#!/bin/sh
# A5: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

settings() {
    cat <<END
# Written by Hallmark (control ssh-crypto). The first value read wins: this file must sort first.
Ciphers $(commas "$HM_CIPHERS")
MACs $(commas "$HM_MACS")
KexAlgorithms $(commas "$HM_KEX")
GSSAPIKeyExchange no
RekeyLimit 1G 1h
END
}

keywords='Ciphers|MACs|KexAlgorithms|GSSAPIKeyExchange|RekeyLimit'
for side in sshd ssh; do
    dropin=/etc/ssh/${side}_config.d/00-hallmark-ssh-crypto.conf
    settings | write_file 0644 root:root "$dropin"
    ssh_claim "/etc/ssh/${side}_config" "$dropin" "$keywords"
done
sshd_clear_options
sshd_effective >/dev/null
ssh_effective >/dev/null
