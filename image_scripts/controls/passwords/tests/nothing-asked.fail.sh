# No service of this name, and the one that stands in for all asks nothing.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'auth required pam_permit.so\naccount required pam_permit.so\npassword required pam_permit.so\n' >/etc/pam.d/other
