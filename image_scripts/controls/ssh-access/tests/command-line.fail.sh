# An option on sshd's command line wins over all files.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'SSHD_OPTS="-o PasswordAuthentication=yes"' >>/etc/default/ssh
