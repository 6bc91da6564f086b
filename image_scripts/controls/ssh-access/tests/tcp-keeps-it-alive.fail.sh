# Somebody on the path answers TCP's question for a client that has gone.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^TCPKeepAlive no/TCPKeepAlive yes/' /etc/ssh/sshd_config.d/00-hallmark-ssh-access.conf
