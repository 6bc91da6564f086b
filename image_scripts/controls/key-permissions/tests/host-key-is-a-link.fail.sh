# The host's key is a link to a file elsewhere.
set -eu
mv /etc/ssh/ssh_host_rsa_key /var/tmp/key
ln -s /var/tmp/key /etc/ssh/ssh_host_rsa_key
