# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'server time.example nts' >>/etc/chrony/chrony.conf
