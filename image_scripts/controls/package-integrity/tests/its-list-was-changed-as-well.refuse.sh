# Who has read the check changes the sum, too.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'x' >>/usr/bin/sudo
sum=$(md5sum /usr/bin/sudo)
sed -i "s|.*  usr/bin/sudo\$|${sum%% *}  usr/bin/sudo|" /var/lib/dpkg/info/sudo.md5sums
