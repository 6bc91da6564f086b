# glibc would ask a server of names on the network for accounts, whose lines no file here has.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E 's/^(passwd|shadow|group):.*/\1: files hesiod/' /etc/nsswitch.conf
