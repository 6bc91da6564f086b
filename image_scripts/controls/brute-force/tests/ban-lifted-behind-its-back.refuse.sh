. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
start_fail2ban
fail2ban-client set sshd banip 203.0.113.66
nft flush ruleset
