# The key that ssl-cert makes when it is installed: each server would have the same.
set -eu
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package ssl-cert /usr/sbin/make-ssl-cert
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /etc/ssl/private/ssl-cert-snakeoil.key
