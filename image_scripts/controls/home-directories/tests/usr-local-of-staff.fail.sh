# As Debian had it for decades: a group writes into root's PATH.
chown root:staff /usr/local/bin
chmod 2775 /usr/local/bin
