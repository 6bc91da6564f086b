# As dpkg and apt leave them.
sh "$HALLMARK_CONTROL/apply.sh"
touch /var/log/dpkg.log /var/log/auth.log /var/log/dpkg.log.1
chmod 644 /var/log/dpkg.log /var/log/auth.log /var/log/dpkg.log.1
chmod 755 /var/log/apt
