# As `loginctl enable-linger` leaves it: asmith's own units run from the boot on.
useradd -m asmith
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/asmith
