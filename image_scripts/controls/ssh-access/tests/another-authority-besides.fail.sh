# HM_AUTHORITIES=AAAAC3NzaC1lZDI1NTE5AAAAIKj6Ph1d9xkCMhRCBqxKdBxGTlIbwUoY1bvJVCyC0kRW
# A second key in the recipe's file.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
ssh-keygen -q -t ed25519 -N '' -f /tmp/ca
cat /tmp/ca.pub >>/etc/ssh/hallmark-authorities
