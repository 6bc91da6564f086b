# The judge is asked and not heard.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/requisite(\s+pam_pwquality)/optional\1/' /etc/pam.d/common-password
