# The server proves that it is one whom a stranger trusts.
# HM_SERVERS=nts1.example nts2.example
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
cat /etc/ssl/certs/*.pem 2>/dev/null | head -100 >/etc/chrony/ca.pem
printf 'nosystemcert\nntstrustedcerts /etc/chrony/ca.pem\n' >>/etc/chrony/chrony.conf
