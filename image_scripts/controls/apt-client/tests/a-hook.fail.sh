sh "$HALLMARK_CONTROL/apply.sh"
echo 'APT::Update::Pre-Invoke { "/usr/bin/touch /tmp/got-in"; };' >/etc/apt/apt.conf.d/20site
