# As Debian's cloud image is: cloud-init would make "debian".
set -eu
rm -f /etc/cloud/cloud.cfg.d/99-hallmark-*
