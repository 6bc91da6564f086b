# sshd takes single quotes around a path as well.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/ssh/site
printf "Include '/etc/ssh/site/*.conf'\n" >/etc/ssh/sshd_config.d/90-site.conf
printf 'Match Address 198.51.100.0/24\n  PasswordAuthentication yes\n  AuthenticationMethods any\n  PermitRootLogin yes\n' >/etc/ssh/site/a.conf
