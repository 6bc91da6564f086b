# Without the words by which one knows a key.
set -eu
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /tmp/key
mkdir -p /srv
openssl pkey -in /tmp/key -outform DER -out /srv/data.bin
openssl rsa -in /tmp/key -traditional -outform DER -out /srv/data-1.bin
