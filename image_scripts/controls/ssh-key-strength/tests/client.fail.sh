# The client would trust a host by a SHA-1 signature.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'HostKeyAlgorithms +ssh-rsa' >/etc/ssh/ssh_config.d/00-a.conf
