# HALLMARK_PHASE=acceptance
# HM_PARTITIONS=/var
echo 'LABEL=data /var ext4 rw,discard 0 2' >>/etc/fstab
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
sed -i '\: /var :d' /proc/1/mountinfo
