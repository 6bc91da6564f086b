# HM_NOPASSWD=yes
# The administrator becomes root without a password, and the log says so; nobody else does.
set -eu
useradd -m jdoe
useradd -m other
sh "$HALLMARK_CONTROL/apply.sh"
mount -t devpts devpts /dev/pts
[ "$(runuser -u jdoe -- sudo -n id -u)" = 0 ]
grep -F 'COMMAND=/usr/bin/id -u' /var/log/sudo.log
[ "$(stat -c %a /var/log/sudo.log)" = 600 ]
if runuser -u other -- sudo -n id -u; then
    exit 1
fi
sudo -l -U other | grep -F 'not allowed to run sudo'
