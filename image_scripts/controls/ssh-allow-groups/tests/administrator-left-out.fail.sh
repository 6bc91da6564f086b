# The administrator could not sign in.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
gpasswd -d jdoe ssh-users
