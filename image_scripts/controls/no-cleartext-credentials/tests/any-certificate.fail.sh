# apt and curl would talk to whoever answers.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Acquire::https::mirror.example.org::Verify-Peer "false";' >/etc/apt/apt.conf.d/99site
echo insecure >/root/.curlrc
