# PuTTY's format, and what gpg keeps in a home.
set -eu
mkdir -p /root/.gnupg/private-keys-v1.d
printf 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n' >/root/key
printf '(11:private-key(3:ecc' >/root/.gnupg/private-keys-v1.d/0123.key
