# A store with a certificate and its key.
set -eu
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /tmp/key
openssl req -x509 -key /tmp/key -subj /CN=example -out /tmp/cert
mkdir -p /srv
openssl pkcs12 -export -inkey /tmp/key -in /tmp/cert -passout pass:x -out /srv/bundle
