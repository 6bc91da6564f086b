# As Debian's package leaves it: keys made on installation, in the image.
set -eu
ssh-keygen -q -A
