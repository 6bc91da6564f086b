# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
# The files are right, and apt is told to read others.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /srv/apt
echo 'Dir::Etc::SourceParts "/srv/apt";' >/etc/apt/apt.conf.d/zzz-late
