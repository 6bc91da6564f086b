# The permissions are 0750, and an access control list lets games in all the same.
useradd -m jdoe
chmod 750 /home/jdoe
. "$HALLMARK_SCRIPTS/scenario.sh"
let_in /home/jdoe 5 5
