# As systemd-tmpfiles makes it of a credential.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/issue.d
echo 'Debian 13' >/etc/issue.d/50-provision.conf
