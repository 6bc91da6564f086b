# One MAC too many, read before ours.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'MACs +hmac-sha1' >/etc/ssh/sshd_config.d/00-a.conf
