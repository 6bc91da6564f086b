# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'authselectmode ignore' >>/etc/chrony/chrony.conf
