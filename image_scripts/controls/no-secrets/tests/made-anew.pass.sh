# What was taken out is made anew, once, on the server: here by the program that its unit runs.
set -eu
printf '#!/bin/sh\necho made >>/etc/ssl/private/ssl-cert-snakeoil.key\n' >/usr/sbin/make-ssl-cert
chmod 0755 /usr/sbin/make-ssl-cert
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /etc/ssl/private/ssl-cert-snakeoil.key
sh "$HALLMARK_CONTROL/apply.sh"
[ ! -e /etc/ssl/private/ssl-cert-snakeoil.key ]
systemd-analyze verify --man=no hallmark-own-keys.service
systemctl is-enabled hallmark-own-keys.service
/usr/local/lib/hallmark/own-keys
/usr/local/lib/hallmark/own-keys
[ "$(cat /etc/ssl/private/ssl-cert-snakeoil.key)" = made ]
