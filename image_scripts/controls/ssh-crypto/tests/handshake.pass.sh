# A real handshake: what is on the list connects, a client with ChaCha20, UMAC, CBC or a classical key agreement is refused.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
echo 'PerSourcePenalties no' >/etc/ssh/sshd_config.d/99-test.conf

hello() { # OPTION...: as far as the authentication, which nobody passes here
    ssh "$@" -v -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes nobody@here 2>&1 || true
}

hello | grep -F 'kex: algorithm: mlkem768x25519-sha256'
hello | grep -F 'cipher: aes256-gcm@openssh.com'
hello -F none | grep -F 'Permission denied'
hello -F none -c chacha20-poly1305@openssh.com | grep -F 'no matching cipher'
hello -F none -c aes256-cbc | grep -F 'no matching cipher'
hello -F none -c aes256-ctr -m umac-128-etm@openssh.com | grep -F 'no matching MAC'
hello -F none -o KexAlgorithms=curve25519-sha256 | grep -F 'no matching key exchange'
