# A backslash with blanks behind it goes on for libpam: what counts the guesses is but an argument of the line before.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
grep -q 'success=2.*pam_unix' /etc/pam.d/common-auth
sed -i -e '/pam_unix/s/success=2/success=3/' \
    -e 's/^auth.*pam_faillock\.so authfail.*/auth optional pam_faildelay.so delay=1 \\ \n&/' /etc/pam.d/common-auth
