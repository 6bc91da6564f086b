# What holds for all does not hold for one group.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Defaults:%sudo timestamp_type=global, passwd_tries=1000' >>/etc/sudoers
