# Something lets people in before a guess is counted.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '1i auth sufficient pam_succeed_if.so user ingroup sudo' /etc/pam.d/common-auth
