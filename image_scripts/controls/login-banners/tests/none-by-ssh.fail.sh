sh "$HALLMARK_CONTROL/apply.sh"
rm /etc/ssh/sshd_config.d/00-hallmark-banner.conf
sed -i '/^Banner/d' /etc/ssh/sshd_config
