# As Debian's package leaves it: keys made on installation, in the image.
set -eu
ls /etc/ssh/ssh_host_*_key
