# A password in the file that all may read.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^jdoe:x:/jdoe:abJnggxhB\/yWI:/' /etc/passwd
