# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
# The archive is asked, and what it has is never taken.
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Package: *\nPin: release n=trixie-security\nPin-Priority: -1\n' >/etc/apt/preferences.d/site
