# What stands before the Include in the main file is read first.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'KbdInteractiveAuthentication yes\n%s\n' "$(cat /etc/ssh/sshd_config)" >/etc/ssh/sshd_config
