# HM_AUTHORITIES=AAAAC3NzaC1lZDI1NTE5AAAAIKj6Ph1d9xkCMhRCBqxKdBxGTlIbwUoY1bvJVCyC0kRW
# The authority is the recipe's; but a certificate for one name would open each account.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo everybody >/etc/ssh/principals
echo 'AuthorizedPrincipalsFile /etc/ssh/principals' >/etc/ssh/sshd_config.d/00-a.conf
