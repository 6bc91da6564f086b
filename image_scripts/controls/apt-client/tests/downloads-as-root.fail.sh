sh "$HALLMARK_CONTROL/apply.sh"
echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/zzz-site
