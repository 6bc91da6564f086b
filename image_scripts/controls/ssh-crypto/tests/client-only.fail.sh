# The server is as it should be, the client is not: a drop-in that sorts first.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Host *\n  Ciphers +aes256-cbc\n' >/etc/ssh/ssh_config.d/00-a.conf
