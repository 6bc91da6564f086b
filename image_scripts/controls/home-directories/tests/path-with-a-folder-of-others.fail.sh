# shellcheck disable=SC2016
mkdir -p /opt/tools/bin
chown games /opt/tools
echo 'PATH=/opt/tools/bin:$PATH' >/etc/profile.d/tools.sh
