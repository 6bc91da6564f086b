# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
