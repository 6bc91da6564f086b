# Behind a lock that can be taken off; and a copy of an earlier shadow file.
set -eu
hash=$(openssl passwd -6 -salt abcdefgh 'Quiet-7-rivers/Bend')
usermod -p "!$hash" backup
mkdir -p /var/backups
printf 'root:%s:19000:0:99999:7:::\n' "$hash" >/var/backups/shadow.bak
