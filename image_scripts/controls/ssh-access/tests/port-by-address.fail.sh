# The same by an address.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'ListenAddress 0.0.0.0:22\nListenAddress 0.0.0.0:2222\n' >/etc/ssh/sshd_config.d/50-a.conf
