# Another key agreement by way of sshd's command line.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'SSHD_OPTS=-oKexAlgorithms=ecdh-sha2-nistp256' >/etc/default/ssh
