rm -f /usr/bin/login
