# To glibc 027 is 27: this account is in the group sudo.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -E "s/^(jdoe:x:[0-9]+):[0-9]+/\1:0$(getent group sudo | cut -d : -f 3)/" /etc/passwd
[ "$(id -gn jdoe)" = sudo ]
