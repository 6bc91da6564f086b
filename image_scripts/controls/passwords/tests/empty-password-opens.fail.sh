# nullok is back.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/pam_unix.so/& nullok/' /etc/pam.d/common-auth
