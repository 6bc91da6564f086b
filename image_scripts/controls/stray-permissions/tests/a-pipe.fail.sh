mkfifo -m 666 /var/lib/pipe
