# The files are in order; somebody has told the running server otherwise.
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
start_fail2ban
fail2ban-client set sshd addignoreip 203.0.113.66
