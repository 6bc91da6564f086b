# sshd leaves its number where nobody compares its age with that of the files.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'PidFile /run/sshd-site.pid' >/etc/ssh/sshd_config.d/00-a.conf
