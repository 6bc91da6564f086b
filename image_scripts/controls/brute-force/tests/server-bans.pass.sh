# A real server: what it is told of it bans in the kernel, here that of a network of the scenario's own.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
start_fail2ban
fail2ban-client set sshd banip 203.0.113.66
nft list table inet f2b-table | grep 203.0.113.66
