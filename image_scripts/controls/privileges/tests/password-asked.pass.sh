# Without the declaration sudo wants a password, even where an earlier file says otherwise.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
mount -t devpts devpts /dev/pts
if runuser -u jdoe -- sudo -n id -u; then
    exit 1
fi
sudo -l -U jdoe | grep -F '(ALL : ALL) PASSWD: ALL'
