# OpenSSH's own defaults: ChaCha20, UMAC and SHA-1 among them.
set -eu
rm -f /etc/ssh/sshd_config.d/*.conf
