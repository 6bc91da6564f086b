# HALLMARK_PHASE=drift
# What is switched on or off later, as other controls allow, is the package's own; and a link of hardening's stays.
mkdir -p /etc/systemd/system/multi-user.target.wants
echo 'ours' >/srv/ours.service
ln -s /srv/ours.service /etc/systemd/system/ours.service
sh "$HALLMARK_CONTROL/apply.sh"
ln -sf /usr/lib/systemd/system/systemd-pstore.service /etc/systemd/system/multi-user.target.wants/systemd-pstore.service
ln -sf /dev/null /etc/systemd/system/debug-shell.service
