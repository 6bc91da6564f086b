# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/apt/sources.list.d/vendor.sources <<END
Types: deb
URIs: http://vendor.example/apt
Suites: stable
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
END
