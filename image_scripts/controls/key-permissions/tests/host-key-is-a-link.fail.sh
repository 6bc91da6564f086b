# The host's key is a link to a file elsewhere.
set -eu
ssh-keygen -q -t rsa -b 3072 -N "" -f /var/tmp/key
rm -f /etc/ssh/ssh_host_rsa_key
ln -s /var/tmp/key /etc/ssh/ssh_host_rsa_key
