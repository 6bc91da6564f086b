# What belongs to the run goes when the image is sealed: all of it at once.
set -eu
mkdir -p /var/lib/cloud/instances/i-0123 /var/tmp/systemd-private-0123456789abcdef-x.service-y /root/.ssh /var/lib/faillock
echo '#cloud-config' >/var/lib/cloud/instances/i-0123/user-data.txt
echo 'mysql -psecret' >/root/.bash_history
ssh-keygen -q -A
head -c 512 /dev/urandom >/var/lib/systemd/random-seed
cp /etc/shadow /etc/shadow-
# shellcheck disable=SC2016
sed -i 's/^root:[^:]*:/root:$6$abcdefgh$0123456789012345678901234567890123456789:/' /etc/shadow-
HALLMARK_MODE=build sh "$HALLMARK_SCRIPTS/seal.sh"
[ -z "$(ls -A /var/tmp)" ]
