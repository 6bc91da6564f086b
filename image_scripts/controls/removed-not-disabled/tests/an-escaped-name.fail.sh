# systemd would take the backslash for a pattern's.
ln -s /dev/null '/etc/systemd/system/srv-a\x2db.mount'
