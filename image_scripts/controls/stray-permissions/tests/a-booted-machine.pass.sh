# What systemd and its units make: nodes that open nothing, sockets for everybody, folders of users of the moment.
set -eu
mkdir -p /run/systemd/inaccessible /run/private/unit /var/lib/private/unit /dev/shm
mknod -m 000 /run/systemd/inaccessible/chr c 0 0
python3 -I -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/systemd/notify")'
chmod 777 /run/systemd/notify
touch /var/lib/private/unit/state
chown 65000:65000 /run/private/unit /var/lib/private/unit/state
chmod 1777 /dev/shm
mknod -m 666 /dev/tty c 5 0
mknod -m 660 /dev/vda b 254 0
