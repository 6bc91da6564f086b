# OpenSSH's own defaults: RSA of 1024 bits will do.
set -eu
rm -f /etc/ssh/sshd_config.d/*.conf
