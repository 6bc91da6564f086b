# HM_FORWARDING=yes
# A recipe that declares forwarding; and a Match block that takes something away is nobody's loss.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match User jdoe\n\tAllowTcpForwarding no\n\tMaxAuthTries 1\n' >/etc/ssh/sshd_config.d/90-site.conf
