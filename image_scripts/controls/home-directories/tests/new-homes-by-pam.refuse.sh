echo 'session required pam_mkhomedir.so skel=/etc/skel' >>/etc/pam.d/common-session
