# login.defs says what it should, and nobody reads it.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/pam_umask/d' /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
