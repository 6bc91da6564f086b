sh "$HALLMARK_CONTROL/apply.sh"
chmod 644 /etc/skel/.profile
