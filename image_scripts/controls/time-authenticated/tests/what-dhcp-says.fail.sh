# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'sourcedir /run/chrony-dhcp' >>/etc/chrony/chrony.conf
