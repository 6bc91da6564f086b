# The line that counts is commented out.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/^.*authfail/#&/' /etc/pam.d/common-auth
