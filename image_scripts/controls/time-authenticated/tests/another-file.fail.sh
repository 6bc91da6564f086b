# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'DAEMON_OPTS="-F 1 -f /etc/chrony/other.conf"' >/etc/default/chrony
