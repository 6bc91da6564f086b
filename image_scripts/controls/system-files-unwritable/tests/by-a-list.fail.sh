# An access control list for one user; the permissions of its group look like it, and nothing else does.
. "$HALLMARK_SCRIPTS/scenario.sh"
let_in /etc/crontab 5 6
