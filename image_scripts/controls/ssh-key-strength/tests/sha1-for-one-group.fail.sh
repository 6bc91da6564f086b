# SHA-1 signatures for one group alone, under the keyword's old name.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match Group legacy\n    PubkeyAcceptedKeyTypes=+ssh-rsa\n' >/etc/ssh/sshd_config.d/70-legacy.conf
