# A module by the right name from the wrong place.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's,pam_unix.so,/opt/lib/security/pam_unix.so,' /etc/pam.d/common-auth
