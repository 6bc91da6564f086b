# sshd keeps the first value: a file that sorts before ours wins.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'permitrootlogin=prohibit-password' >/etc/ssh/sshd_config.d/00-a.conf
