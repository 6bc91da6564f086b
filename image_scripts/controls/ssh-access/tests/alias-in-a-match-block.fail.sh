# The old name of a keyword, where only sshd knows what it means.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match User root\n  ChallengeResponseAuthentication yes\n' >/etc/ssh/sshd_config.d/90-site.conf
