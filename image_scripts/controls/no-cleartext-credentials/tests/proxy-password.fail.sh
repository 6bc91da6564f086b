# A proxy's password for every program.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'https_proxy=http://proxy-user:secret@10.0.0.1:3128/' >>/etc/environment
