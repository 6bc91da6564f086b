# Added to a file of a package's, which then is not that package's any more.
set -eu
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /tmp/key
cat /tmp/key >>/usr/share/doc/cloud-init/examples/cloud-config-ssh-keys.txt
