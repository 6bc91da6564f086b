# Where glibc asks systemd too, an account may stand in a file of its own.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/^(passwd|shadow|group):.*/\1: files systemd/' /etc/nsswitch.conf
mkdir -p /etc/userdb
echo '{"userName": "support", "uid": 1500, "gid": 0}' >/etc/userdb/support.user
