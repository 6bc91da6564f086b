# HM_SOURCES=none
# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
printf 'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n' >/etc/apt/sources.list.d/debian.sources
