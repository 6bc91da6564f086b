# HM_EXPECT=imds
printf '198.51.100.80 www.example.org\n' >>/etc/hosts
