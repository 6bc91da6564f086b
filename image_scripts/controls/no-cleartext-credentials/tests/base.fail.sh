# As Debian ships it: the client would offer Kerberos tickets to any host.
set -eu
ssh -G host.invalid | grep -x 'gssapiauthentication yes'
