# As most guides have it: sudo -s and screen start others.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/hallmark/d' /etc/bash.bashrc
