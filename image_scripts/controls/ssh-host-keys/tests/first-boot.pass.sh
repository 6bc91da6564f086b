# HALLMARK_PHASE=acceptance
# What a first boot does: no key in the image, then the unit's program makes them; fingerprints for the console.
set -eu
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
if ls /etc/ssh/ssh_host_*; then
    exit 1
fi
systemd-analyze verify --man=no sshd-keygen.service hallmark-ssh-fingerprints.service
/usr/local/lib/hallmark/ssh-host-keys
/usr/local/lib/hallmark/ssh-host-keys
[ "$(/usr/local/lib/hallmark/ssh-fingerprints | grep -c SHA256)" = 2 ]
/usr/local/lib/hallmark/ssh-fingerprints | grep -F ssh-ed25519
mkdir -p /run/sshd
sshd -t
