# A Match block two includes on that only takes something away.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Include sshd_config.d/91-b.conf\n' >/etc/ssh/sshd_config.d/90-a.conf
printf 'Match User jdoe\n  MaxAuthTries 2\n' >/etc/ssh/sshd_config.d/91-b.conf
sh "$HALLMARK_CONTROL/apply.sh"
