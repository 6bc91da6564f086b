# It is asked by `apt install`, and told in JSON.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'AptCli::Hooks::Install:: "/usr/bin/touch /tmp/got-in";' >/etc/apt/apt.conf.d/20site
