# Everybody writes to /dev/null, and has to.
set -eu
mknod -m 666 /dev/tty c 5 0
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(stat -c %a /dev/tty /dev/null /dev/zero | tr '\n' ' ')" = '666 666 666 ' ]
