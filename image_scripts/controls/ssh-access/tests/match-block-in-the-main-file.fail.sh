# A commented line does not count, the one behind it does.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf '#PasswordAuthentication no\nMatch User deploy\n  PasswordAuthentication yes\n' >>/etc/ssh/sshd_config
