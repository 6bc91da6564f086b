# What systemd skips for a condition has not failed: the network comes up.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/systemd/system/hallmark-firewall.service.d
printf '[Unit]\nConditionPathExists=/srv/x\n' >/etc/systemd/system/hallmark-firewall.service.d/x.conf
