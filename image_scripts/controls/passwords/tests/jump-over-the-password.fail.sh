# A jump that takes whoever is not local past the password, to where it was right.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '1i auth [success=ignore default=4] pam_localuser.so' /etc/pam.d/common-auth
