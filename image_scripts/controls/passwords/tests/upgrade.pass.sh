# What an upgrade of a PAM package runs changes nothing of it.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
pam-auth-update --package
