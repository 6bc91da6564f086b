sh "$HALLMARK_CONTROL/apply.sh"
# The control apt-sources takes this line out; here the attempt shows it.
echo 'Acquire::AllowInsecureRepositories "true";' >/etc/apt/apt.conf.d/zzz-site
