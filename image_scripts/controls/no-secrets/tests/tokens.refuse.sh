# Tokens of four services, in four places.
set -eu
mkdir -p /root/.aws /etc/app
printf '[default]\naws_access_key_id = AKIA%s\n' ABCDEFGHIJKLMNOP >/etc/app/cloud.ini
printf 'token: ghp_%s\n' abcdefghijklmnopqrstuvwxyz0123456789 >/usr/local/share/ci.yml
printf 'machine example.org login x password y\n' >/root/.netrc
printf 'eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P' >/var/lib/session
