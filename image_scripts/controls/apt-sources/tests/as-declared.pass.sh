# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
sh "$HALLMARK_CONTROL/apply.sh"
