# fail2ban's bans outlive a new table of ours.
set -eu
nft add table inet f2b-table
sh "$HALLMARK_CONTROL/apply.sh"
nft list table inet f2b-table
