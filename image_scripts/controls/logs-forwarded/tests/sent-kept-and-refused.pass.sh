# HM_SERVER=logs.example
# HM_AUTHORITIES=MIIBiTCCAS+gAwIBAgIUTCwnGf4DOUEnDoNyA+xhXsvvdvMwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTI4MTYwNTEwWhgPMjEyNjExMDQxNjA1MTBaMBkxFzAVBgNVBAMMDnRlc3QtYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEs6hBAffAGPWw9CKGuBkbsl3+49vUzaIizWhNToETFrun4XB3hNszSRvQYA3MZuQ8hUmH8C+WpAY8/FgLugkeWqNTMFEwHQYDVR0OBBYEFHR8Zjz0nCrNNAOZfXs0oImDd7dcMB8GA1UdIwQYMBaAFHR8Zjz0nCrNNAOZfXs0oImDd7dcMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgPjfyx6Aw/0BqNMxEkQPbhqBhkAC2PFEwXIS6OUvdRHMCIQChAlR1An99MISADKUVmAyxKOGoMqOvPP4yNvGZaLlFQA==
# A real rsyslogd with the control's own action, and receivers of TLS: none, one with another name, the right one. Only what it
# reads is a file here, as there is no journal.
set -eu
ip link set lo up
echo '127.0.0.1 logs.example' >>/etc/hosts
work=/tmp/tls
mkdir "$work"
cd "$work"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=%s\n' "$2" "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
certificate right logs.example serverAuth
certificate wrong other.example serverAuth
certificate client machine.example clientAuth
cp /etc/rsyslog.conf /tmp/debians.conf
HM_SERVER=logs.example HM_AUTHORITIES=$(grep -v -- ----- ca.pem | tr -d '\n') sh "$HALLMARK_CONTROL/apply.sh"
cp client.key client.crt /etc/hallmark/logs/
: >/tmp/lines
mount -t tmpfs spool /var/spool/rsyslog
sed 's|^module(load="imjournal".*|input(type="imfile" File="/tmp/lines" Tag="here")|; s|resumeInterval="30"|resumeInterval="1"|; /audit.log/d' \
    /etc/rsyslog.conf >/tmp/rsyslog.conf
# imfile must be loaded before it is used
{ echo 'module(load="imfile" mode="polling" pollingInterval="1")' && grep -v '^module(load="imfile")' /tmp/rsyslog.conf; } >/tmp/own.conf
cat >receive.py <<'PYTHON'
import socket, ssl, sys
name, target = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"/tmp/tls/{name}.crt", f"/tmp/tls/{name}.key")
context.load_verify_locations("/tmp/tls/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 6514))
open(target, "wb").close()
while True:
    connection, _ = listener.accept()
    open(target + ".asked", "ab").write(b"x")
    try:
        with context.wrap_socket(connection, server_side=True) as stream:
            while data := stream.recv(65536):
                with open(target, "ab") as out:
                    out.write(data)
    except OSError:
        pass
PYTHON
# wait_for COMMAND...: half a minute at most
wait_for() {
    n=0
    until "$@"; do
        n=$((n + 1))
        [ "$n" -lt 300 ] || { echo "never: $*" && exit 1; }
        sleep 0.1
    done
}
rsyslogd -n -iNONE -f /tmp/own.conf >/tmp/rsyslogd.log 2>&1 &
rsyslogd=$!
sleep 1
echo 'line while nobody is there' >>/tmp/lines
wait_for grep -qrs 'line while nobody' /var/spool/rsyslog
# A limit is a size on the disk: rsyslog's own of 1000 lines would let go of the rest.
seq -f 'one of many: %.0f' 3000 >>/tmp/lines
wait_for grep -qrs 'one of many: 3000' /var/spool/rsyslog
echo "kept on the disk: $(ls /var/spool/rsyslog)"
python3 -I receive.py wrong /tmp/wrong &
receiver=$!
wait_for [ -s /tmp/wrong.asked ]
sleep 2
[ ! -s /tmp/wrong ] || { echo "another name got: $(cat /tmp/wrong)" && exit 1; }
echo 'another name got nothing'
kill "$receiver"
wait "$receiver" || true
python3 -I receive.py right /tmp/right &
receiver=$!
wait_for grep -qs 'line while nobody' /tmp/right
wait_for grep -qs 'one of many: 3000' /tmp/right
arrived=$(grep -o 'one of many: [0-9]*' /tmp/right | sort -u | wc -l)
[ "$arrived" -eq 3000 ] || { echo "arrived: $arrived of 3000" && exit 1; }
echo 'line while somebody is there' >>/tmp/lines
wait_for grep -qs 'line while somebody' /tmp/right
echo "arrived: $(head -c 2000 /tmp/right)"
kill "$rsyslogd" "$receiver"
wait || true
umount /var/spool/rsyslog
HM_SERVER=logs.example HM_AUTHORITIES=MIIBiTCCAS+gAwIBAgIUTCwnGf4DOUEnDoNyA+xhXsvvdvMwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTI4MTYwNTEwWhgPMjEyNjExMDQxNjA1MTBaMBkxFzAVBgNVBAMMDnRlc3QtYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEs6hBAffAGPWw9CKGuBkbsl3+49vUzaIizWhNToETFrun4XB3hNszSRvQYA3MZuQ8hUmH8C+WpAY8/FgLugkeWqNTMFEwHQYDVR0OBBYEFHR8Zjz0nCrNNAOZfXs0oImDd7dcMB8GA1UdIwQYMBaAFHR8Zjz0nCrNNAOZfXs0oImDd7dcMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgPjfyx6Aw/0BqNMxEkQPbhqBhkAC2PFEwXIS6OUvdRHMCIQChAlR1An99MISADKUVmAyxKOGoMqOvPP4yNvGZaLlFQA== sh "$HALLMARK_CONTROL/apply.sh"
