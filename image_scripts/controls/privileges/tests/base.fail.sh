# As Debian ships it: the group sudo, without a log, and administrators not in it.
set -eu
useradd -m jdoe
