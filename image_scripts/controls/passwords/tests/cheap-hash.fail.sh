# yescrypt, and next to no work to guess.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/pam_unix/s/yescrypt/yescrypt rounds=1/' /etc/pam.d/common-password
