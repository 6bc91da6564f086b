# What is taken out is the second line, not both.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
before=$(cat /etc/passwd)
echo 'jdoe:x:1999:100::/tmp:/bin/sh' >>/etc/passwd
sh "$HALLMARK_CONTROL/apply.sh"
[ "$before" = "$(cat /etc/passwd)" ]
grep -c '^jdoe:' /etc/shadow | grep -qx 1
