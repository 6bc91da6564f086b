chmod 755 /root
