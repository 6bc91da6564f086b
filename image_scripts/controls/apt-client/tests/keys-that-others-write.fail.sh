sh "$HALLMARK_CONTROL/apply.sh"
chmod 666 /etc/apt/trusted.gpg.d/debian-archive-trixie-stable.asc
