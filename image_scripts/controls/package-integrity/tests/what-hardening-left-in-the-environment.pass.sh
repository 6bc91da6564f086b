# HALLMARK_PHASE=drift
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDumpCore=no\n' >/etc/systemd/system.conf.d/ours.conf
echo 'LANG=C.UTF-8' >/etc/environment
sh "$HALLMARK_CONTROL/apply.sh"
