# The host's key, readable by a group.
set -eu
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
chgrp www-data /etc/ssh/ssh_host_ed25519_key
chmod 0640 /etc/ssh/ssh_host_ed25519_key
