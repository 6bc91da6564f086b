# What bind and open-iscsi make when they are installed.
set -eu
mkdir -p /etc/bind /etc/iscsi
printf 'key "rndc-key" {\n\talgorithm hmac-sha256;\n\tsecret "%s";\n};\n' "$(head -c 32 /dev/urandom | base64)" >/etc/bind/rndc.key
echo 'InitiatorName=iqn.1993-08.org.debian:01:4f8a6b1c2d3e' >/etc/iscsi/initiatorname.iscsi
