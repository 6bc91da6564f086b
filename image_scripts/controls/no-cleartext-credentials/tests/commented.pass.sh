# HM_LISTEN=22/tcp 443/tcp
# Comments, and things that only look like it, are no findings.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf '# proxy=http://user:password@example.org\nmail=someone@example.org time=12:30\n' >/etc/site.conf
# shellcheck disable=SC2016
echo 'url="https://$user:$password@example.org"' >>/etc/site.conf
