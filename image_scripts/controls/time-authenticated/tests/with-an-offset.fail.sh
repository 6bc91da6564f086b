# HM_SERVERS=nts1.example nts2.example
# Authenticated, and a year off.
HM_SERVERS='nts1.example nts2.example' sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^server nts2.example .*/& offset 31536000/' /etc/chrony/chrony.conf
