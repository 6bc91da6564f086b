# Another PAM service, with rules of its own.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'PAMServiceName open' >/etc/ssh/sshd_config.d/00-a.conf
