# Another configuration file, by way of the unit.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/ssh.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/other\n' >/etc/systemd/system/ssh.service.d/x.conf
