# A client that may set what the loader reads runs code of its own in each session.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'AcceptEnv LD_*' >/etc/ssh/sshd_config.d/50-a.conf
