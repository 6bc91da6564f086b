# An administrator who needs no password.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^jdoe:[^:]*:/jdoe::/' /etc/shadow
