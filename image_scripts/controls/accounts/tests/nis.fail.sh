# An entry that lets a directory service's people in.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo '+::::::' >>/etc/passwd
