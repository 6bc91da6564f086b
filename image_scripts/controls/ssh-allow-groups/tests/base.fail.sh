# As Debian ships it: whoever has an account and a key.
set -eu
useradd -m jdoe
