# An argument in the stack wins over all configuration files.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/pam_pwquality.so/& minlen=12/' /etc/pam.d/common-password
