# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^server nts2.example .*/server nts2.example iburst/' /etc/chrony/chrony.conf
