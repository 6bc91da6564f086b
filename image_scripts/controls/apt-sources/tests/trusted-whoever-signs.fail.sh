# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^Components: main/&\nTrusted: yes/' /etc/apt/sources.list.d/debian.sources
