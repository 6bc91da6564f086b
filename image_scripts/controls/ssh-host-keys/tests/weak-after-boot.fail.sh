# HALLMARK_PHASE=acceptance
# After the first boot: an RSA key of 2048 bits.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/ssh/ssh_host_rsa_key
ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key
