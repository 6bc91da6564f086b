# The main file is read after its folder: it makes the least length 8.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'minlen=8' >>/etc/security/pwquality.conf
