# su is closed, and `su -` goes by a file of its own.
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/^auth.*/@include common-auth/' /etc/pam.d/su-l
