# A system account that somebody gave a shell and a password.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
usermod -s /bin/bash backup
echo 'backup:backup' | chpasswd
