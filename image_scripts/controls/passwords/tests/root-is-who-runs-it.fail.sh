# pam_rootok in a server that runs as root lets in whoever comes.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '1i auth sufficient pam_rootok.so' /etc/pam.d/sshd
