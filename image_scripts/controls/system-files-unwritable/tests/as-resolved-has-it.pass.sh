mkdir -p /run/systemd/resolve
touch /run/systemd/resolve/stub-resolv.conf
chown -R systemd-resolve /run/systemd/resolve
