# The name of the program is a part of what Debian's own hook says.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Binary::apt-get::DPkg::Post-Invoke:: "true";' >/etc/apt/apt.conf.d/zzz-site
