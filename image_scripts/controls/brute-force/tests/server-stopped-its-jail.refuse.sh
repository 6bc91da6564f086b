. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
start_fail2ban
fail2ban-client stop sshd
