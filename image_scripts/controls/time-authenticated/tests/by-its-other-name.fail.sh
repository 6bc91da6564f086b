# HM_SERVERS=nts1.example nts2.example
# A drop-in of its other name.
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/systemd/system/chronyd.service.d
printf '[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -f /srv/chrony.conf\n' >/etc/systemd/system/chronyd.service.d/x.conf
