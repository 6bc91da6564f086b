# A second line of a name, another number: the account that was there first stays, with its home.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'jdoe:x:1999:100::/tmp:/bin/sh' >>/etc/passwd
echo 'daemon:x:1:1:again:/tmp:/bin/sh' >>/etc/passwd
