echo DIR_MODE=0755 >>/etc/adduser.conf
