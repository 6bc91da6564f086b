# Lines of a real sshd, attacked over a real connection: by a name that is not here, with a wrong key, by no SSH at all.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
ip link set lo up
for end in 1 2 3; do
    ip addr add 203.0.113.$end/32 dev lo
done
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f /tmp/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/wrong
useradd -m -s /bin/sh someone
usermod -p '*' someone
/usr/sbin/sshd -h /tmp/host -p 2222 -o LogLevel=VERBOSE -o PerSourcePenalties=no -E /tmp/sshd.log
until grep -qs 'listening on ::' /tmp/sshd.log; do
    sleep 0.1
done
for attempt in 1:nobody-here 2:someone; do
    ssh -p 2222 -b "203.0.113.${attempt%%:*}" -i /tmp/wrong -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null "${attempt#*:}@127.0.0.1" true && exit 1
done
python3 -I -c '
import socket
with socket.create_connection(("127.0.0.1", 2222), source_address=("203.0.113.3", 0)) as connection:
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    try:
        while connection.recv(1000):
            pass
    except ConnectionResetError:
        pass
'
sleep 0.5
now=$(date +%Y-%m-%dT%H:%M:%S)
sed "s/^/$now host sshd-session[77]: /" /tmp/sshd.log >/tmp/lines
cat /tmp/lines
fail2ban-regex -o ip /tmp/lines sshd | sort -u >/tmp/counted
printf '203.0.113.%s\n' 1 2 3 | cmp - /tmp/counted
