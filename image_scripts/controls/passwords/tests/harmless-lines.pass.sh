# What other packages add and what takes something away: nobody's loss.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -e '1i auth optional pam_faildelay.so delay=3000000' -e '1i auth requisite pam_nologin.so' \
    -e '1i auth required pam_env.so' -e '1i auth [success=ok default=die] pam_wheel.so' /etc/pam.d/su
printf '@include common-auth\n-auth optional pam_cap.so\n' >/etc/pam.d/another
