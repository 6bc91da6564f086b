# The case of the review: a key that all may read, where keys belong.
set -eu
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /etc/ssl/private/site.key
chmod 0644 /etc/ssl/private/site.key
