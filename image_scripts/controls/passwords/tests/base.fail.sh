# As the packages leave it: eight characters will do, and one may guess for ever.
set -eu
grep -q pam_pwquality /etc/pam.d/common-password
