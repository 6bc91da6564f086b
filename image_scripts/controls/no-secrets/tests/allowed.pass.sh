# HM_ALLOWED=/srv/tests/*.key
# A sample that the recipe knows of.
set -eu
mkdir -p /srv/tests
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /srv/tests/sample.key
