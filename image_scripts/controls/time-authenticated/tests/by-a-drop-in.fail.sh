# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
echo 'confdir /etc/chrony/conf.d' >>/etc/chrony/chrony.conf
echo 'pool time.example iburst' >/etc/chrony/conf.d/site.conf
