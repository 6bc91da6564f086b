# cloud-init's data of the machine that built the image, user data and all.
set -eu
mkdir -p /var/lib/cloud/instances/i-0123
echo '#cloud-config' >/var/lib/cloud/instances/i-0123/user-data.txt
