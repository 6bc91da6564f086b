# A carriage return ends no line for pam_faillock: this is a comment, and before it stands what counts.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^deny = .*/deny = 500\n# by default:\rdeny = 5/' /etc/security/faillock.conf
