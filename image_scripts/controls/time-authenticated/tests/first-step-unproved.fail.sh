# HM_SERVERS=nts1.example nts2.example
# At each start, from whoever answers.
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'initstepslew 30 time.example' >>/etc/chrony/chrony.conf
