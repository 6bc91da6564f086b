# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
# Whoever stands between shows it the archive of last year.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Acquire::Min-ValidTime::Debian-Security "99999999";' >/etc/apt/apt.conf.d/zzz-late
