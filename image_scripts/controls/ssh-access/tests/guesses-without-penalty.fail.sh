# The whole world is exempt from penalties.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'PerSourcePenaltyExemptList 0.0.0.0/0,::/0' >/etc/ssh/sshd_config.d/00-a.conf
