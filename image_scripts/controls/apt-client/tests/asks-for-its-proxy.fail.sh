sh "$HALLMARK_CONTROL/apply.sh"
echo 'Acquire::http::Proxy-Auto-Detect "/usr/local/bin/proxy";' >/etc/apt/apt.conf.d/zzz-site
