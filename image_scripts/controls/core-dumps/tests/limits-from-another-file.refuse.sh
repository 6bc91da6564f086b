sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/pam_limits.so/pam_limits.so conf=\/etc\/security\/other.conf/' /etc/pam.d/sshd
