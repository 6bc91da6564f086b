# As guides for "easier deployment" have it.
chgrp games /etc/ssh/sshd_config
chmod 664 /etc/ssh/sshd_config
