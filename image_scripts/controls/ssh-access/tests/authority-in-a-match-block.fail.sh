# The same for one group alone.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match Group users\n  TrustedUserCAKeys /tmp/ca.pub\n' >/etc/ssh/sshd_config.d/90-site.conf
